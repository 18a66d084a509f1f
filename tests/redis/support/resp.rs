//! The Redis protocol by hand (RESP2): a few words there, one reply back.

use std::io;
use std::net::SocketAddr;

use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::TcpStream;

/// What a server answers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reply {
    /// A simple or a bulk string.
    Text(String),
    /// An integer.
    Number(i64),
    /// An array.
    List(Vec<Reply>),
    /// A null.
    Nothing,
    /// An error, as it is told.
    Error(String),
}

impl Reply {
    /// The text of a string.
    #[track_caller]
    pub fn text(&self) -> &str {
        match self {
            Reply::Text(text) => text,
            other => panic!("no text: {other:?}"),
        }
    }

    /// The number of an integer.
    #[track_caller]
    pub fn number(&self) -> i64 {
        match self {
            Reply::Number(number) => *number,
            other => panic!("no number: {other:?}"),
        }
    }

    /// The items of an array.
    #[track_caller]
    pub fn list(&self) -> &[Reply] {
        match self {
            Reply::List(items) => items,
            other => panic!("no list: {other:?}"),
        }
    }
}

/// Asks the server at `address` over a connection of its own.
pub async fn ask(address: SocketAddr, words: &[&str]) -> io::Result<Reply> {
    converse(address, words).await.map(|(_, reply)| reply)
}

/// The same, and the connection, which ends when it is dropped.
pub async fn converse(
    address: SocketAddr,
    words: &[&str],
) -> io::Result<(BufReader<TcpStream>, Reply)> {
    let mut stream = BufReader::new(TcpStream::connect(address).await?);
    let mut question = format!("*{}\r\n", words.len());
    for word in words {
        question.push_str(&format!("${}\r\n{word}\r\n", word.len()));
    }
    stream.write_all(question.as_bytes()).await?;
    let reply = read(&mut stream).await?;
    Ok((stream, reply))
}

async fn read(stream: &mut BufReader<TcpStream>) -> io::Result<Reply> {
    let mut line = String::new();
    if stream.read_line(&mut line).await? == 0 {
        return Err(io::ErrorKind::UnexpectedEof.into());
    }
    let (kind, rest) = line.trim_end().split_at(1);
    let number = || {
        rest.parse::<i64>()
            .map_err(|_| io::Error::from(io::ErrorKind::InvalidData))
    };
    Ok(match kind {
        "+" => Reply::Text(rest.to_owned()),
        "-" => Reply::Error(rest.to_owned()),
        ":" => Reply::Number(number()?),
        "$" | "*" if number()? < 0 => Reply::Nothing,
        "$" => {
            let length = usize::try_from(number()?).unwrap();
            let mut text = vec![0; length + 2];
            stream.read_exact(&mut text).await?;
            text.truncate(length);
            Reply::Text(String::from_utf8_lossy(&text).into_owned())
        }
        "*" => {
            let mut items = Vec::new();
            for _ in 0..number()? {
                items.push(Box::pin(read(stream)).await?);
            }
            Reply::List(items)
        }
        _ => return Err(io::ErrorKind::InvalidData.into()),
    })
}
