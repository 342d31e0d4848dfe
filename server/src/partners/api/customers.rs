//! `/api/v1/customers`.

use super::call::{Answer, Id, ListAsked, Order, Program, told};
use domain::{api_bodies::CustomerSent, ids::CustomerId};

pub async fn list(program: Program, asked: ListAsked) -> Answer {
    told(program.engine().api_customers(&program.pass, asked.read()?).await?)
}

pub async fn one(program: Program, Id(id): Id<CustomerId>) -> Answer {
    told(program.engine().api_customer(&program.pass, id).await?)
}

pub async fn create(program: Program, order: Order) -> Answer {
    program.may_write()?;
    let typed = order.read::<CustomerSent>()?.typed();
    order
        .once(&program, async |id| {
            let id = CustomerId(id);
            program.engine().keep_customer(&program.pass, id, &typed).await?;
            Ok(program.engine().api_customer(&program.pass, id).await?)
        })
        .await
}

/// All of it anew: what is left out is empty from here on.
pub async fn change(program: Program, Id(id): Id<CustomerId>, order: Order) -> Answer {
    program.may_write()?;
    let typed = order.read::<CustomerSent>()?.typed();
    // Nothing is written under an id that a program made up.
    program.engine().api_customer(&program.pass, id).await?;
    program.engine().keep_customer(&program.pass, id, &typed).await?;
    told(program.engine().api_customer(&program.pass, id).await?)
}

pub async fn archive(program: Program, Id(id): Id<CustomerId>) -> Answer {
    keep_archived(&program, id, true).await
}

pub async fn restore(program: Program, Id(id): Id<CustomerId>) -> Answer {
    keep_archived(&program, id, false).await
}

async fn keep_archived(program: &Program, id: CustomerId, archived: bool) -> Answer {
    program.may_write()?;
    program.engine().archive_customer(&program.pass, id, archived).await?;
    told(program.engine().api_customer(&program.pass, id).await?)
}

/// What the customer's invoices can get, or have got.
pub async fn credits(program: Program, Id(id): Id<CustomerId>) -> Answer {
    told(program.engine().api_customer_credits(&program.pass, id).await?)
}
