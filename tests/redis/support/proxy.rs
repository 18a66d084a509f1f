//! Stands between a node and a server, and has weather.

use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::AbortHandle;

use super::passes;

/// What happens to bytes on their way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Weather {
    /// They pass.
    Fair,
    /// They stay where they are, both ways, and nobody is told; new connections are taken. When the
    /// weather is fair again they go on, as packets do that were delayed.
    Hole,
    /// The same, for connections that have subscribed to something only.
    HoleForSubscribers,
    /// Connections are cut, and new ones at once.
    Cut,
}

/// A TCP proxy in this process.
pub struct Proxy {
    address: SocketAddr,
    weather: watch::Sender<Weather>,
    /// How often those that were there were lost.
    losses: watch::Sender<u32>,
    accepting: AbortHandle,
}

impl Proxy {
    /// Leads to `server`, in fair weather.
    pub async fn to(server: SocketAddr) -> Proxy {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (weather, forecast) = watch::channel(Weather::Fair);
        let (losses, counted) = watch::channel(0);
        let accepting = tokio::spawn(accept(listener, server, forecast, counted));
        Proxy {
            address,
            weather,
            losses,
            accepting: accepting.abort_handle(),
        }
    }

    /// The URL of a node that goes this way.
    pub fn url(&self) -> String {
        format!("redis://{}", self.address)
    }

    /// Changes the weather.
    pub fn turns(&self, weather: Weather) {
        self.weather.send_replace(weather);
    }

    /// Connections that are there carry nothing more, for ever, and nobody is told; new ones are well.
    pub fn loses_its_connections(&self) {
        self.losses.send_modify(|losses| *losses += 1);
    }

    /// Changes to and fro, `each` time so long, `times` times; it ends fair.
    pub async fn flaps(&self, weather: Weather, each: Duration, times: usize) {
        for _ in 0..times {
            self.turns(weather);
            passes(each).await;
            self.turns(Weather::Fair);
            passes(each).await;
        }
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        // Its connections end with the sender of the weather.
        self.accepting.abort();
    }
}

async fn accept(
    listener: TcpListener,
    server: SocketAddr,
    weather: watch::Receiver<Weather>,
    losses: watch::Receiver<u32>,
) {
    loop {
        let (client, _) = listener.accept().await.unwrap();
        let (weather, mut losses) = (weather.clone(), losses.clone());
        losses.mark_unchanged();
        tokio::spawn(async move {
            // Held while the connection is lost: nobody shall see it end.
            let (mut client, mut connected) = (client, None);
            tokio::select! {
                // An error is the end of a connection, whichever side it came from.
                carried = carry(&mut client, &mut connected, server, weather) => drop(carried),
                Ok(()) = losses.changed() => while losses.changed().await.is_ok() {},
            }
        });
    }
}

/// Carries bytes both ways until one side ends.
async fn carry(
    client: &mut TcpStream,
    connected: &mut Option<TcpStream>,
    server: SocketAddr,
    mut weather: watch::Receiver<Weather>,
) -> io::Result<()> {
    let mut subscribes = false;
    let (mut asked, mut told) = (vec![0; 65_536], vec![0; 65_536]);
    loop {
        let swallows = match *weather.borrow_and_update() {
            Weather::Fair => false,
            Weather::Hole => true,
            Weather::HoleForSubscribers => subscribes,
            Weather::Cut => return Ok(()),
        };
        if swallows {
            weather.changed().await.map_err(io::Error::other)?;
            continue;
        }
        // Only now: in a hole nobody arrives.
        let server = match connected {
            Some(server) => server,
            None => connected.insert(TcpStream::connect(server).await?),
        };
        tokio::select! {
            changed = weather.changed() => changed.map_err(io::Error::other)?,
            read = client.read(&mut asked) => match read? {
                0 => return Ok(()),
                count => {
                    let words = asked[..count].to_ascii_uppercase();
                    subscribes |= words.windows(10).any(|word| word == b"SSUBSCRIBE");
                    server.write_all(&asked[..count]).await?;
                }
            },
            read = server.read(&mut told) => match read? {
                0 => return Ok(()),
                count => client.write_all(&told[..count]).await?,
            },
        }
    }
}
