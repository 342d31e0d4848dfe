//! A mail server that takes every mail and keeps none.

use super::{address, bind, stopper};
use tokio::{
    io::{AsyncBufReadExt, AsyncWriteExt, BufReader},
    net::TcpStream,
    sync::oneshot,
};

/// Starts it, and says its address.
pub(super) async fn start(stop: &mut Vec<oneshot::Sender<()>>) -> String {
    let (port, stopped) = (bind().await, stopper(stop));
    let url = address(&port).replace("http:", "smtp:");
    tokio::spawn(async move {
        let serving = async {
            while let Ok((client, _)) = port.accept().await {
                tokio::spawn(take_mails(client));
            }
        };
        tokio::select! {
            () = serving => {}
            () = stopped => {}
        }
    });
    url
}

/// One connection of it (RFC 5321), until the client leaves.
async fn take_mails(client: TcpStream) -> std::io::Result<()> {
    let (lines, mut answers) = client.into_split();
    let mut lines = BufReader::new(lines).lines();
    let mut is_text = false;
    answers.write_all(b"220 mail.test\r\n").await?;
    while let Some(line) = lines.next_line().await? {
        let answer: &[u8] = match line.to_ascii_uppercase().split(' ').next().unwrap_or_default() {
            "." if is_text => b"250 taken\r\n",
            _ if is_text => continue,
            "EHLO" => b"250-mail.test\r\n250 8BITMIME\r\n",
            "DATA" => b"354 go on\r\n",
            _ => b"250 ok\r\n",
        };
        is_text = answer.starts_with(b"354");
        answers.write_all(answer).await?;
    }
    Ok(())
}
