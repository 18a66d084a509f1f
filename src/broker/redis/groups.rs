//! Groups, kept in Redis: a hash of tickets by uid each; and the nodes' own channels.

use fred::interfaces::PubsubInterface;
use fred::types::Value;
use futures_util::future::join_all;

use super::Redis;
use super::answer::Answer;
use crate::broker::groups::{GROUP_LIFE, MOST_MEMBERS};
use crate::broker::{BrokerError, Joined, Told};
use crate::session::{Ticket, Uid};

impl Redis {
    pub(in crate::broker) async fn join_group(
        &self,
        group: &str,
        uid: Uid,
        ticket: &Ticket,
    ) -> Result<Joined, BrokerError> {
        let arguments = vec![
            uid.to_string(),
            ticket.expose().to_owned(),
            MOST_MEMBERS.to_string(),
            GROUP_LIFE.as_millis().to_string(),
        ];
        let keys = vec![self.keys.group(group)];
        let answer = self.link.call(&self.scripts.join, keys, arguments).await?;
        match Answer::of(answer).word().as_str() {
            "joined" => Ok(Joined::Yes),
            "full" => Ok(Joined::Full),
            _ => Err(BrokerError::Unavailable),
        }
    }

    pub(in crate::broker) async fn quit_group(
        &self,
        group: &str,
        uid: Uid,
        ticket: Option<&Ticket>,
    ) -> Result<bool, BrokerError> {
        let mut arguments = vec![uid.to_string()];
        arguments.extend(ticket.map(|ticket| ticket.expose().to_owned()));
        let keys = vec![self.keys.group(group)];
        let answer = self.link.call(&self.scripts.quit, keys, arguments).await?;
        Ok(Answer::of(answer).number() > 0)
    }

    pub(in crate::broker) async fn group_members(
        &self,
        group: &str,
    ) -> Result<Vec<(Uid, Ticket)>, BrokerError> {
        let arguments = vec![GROUP_LIFE.as_millis().to_string()];
        let keys = vec![self.keys.group(group)];
        let members = &self.scripts.members;
        let fields = self.link.call(members, keys, arguments).await?;
        let member = |pair: &[Value]| {
            let uid = pair[0].as_string()?.parse().ok()?;
            Some((uid, Ticket::new(pair[1].as_string()?)?))
        };
        Ok(fields.chunks_exact(2).filter_map(member).collect())
    }

    pub(in crate::broker) async fn tell_nodes(&self, text: &str) -> Result<Vec<Told>, BrokerError> {
        let nodes = self.nodes().await?;
        let telling = nodes.into_iter().map(|node| async move {
            let channel = self.keys.own_channel(&node.name);
            let commands = &self.link.commands;
            let heard = self.plain.spublish.watch(commands.spublish(channel, text));
            // Who cannot be told is silent; others, of other shards, hear all the same.
            let heard = heard.await.is_ok_and(|ears: i64| ears > 0);
            let name = node.name;
            Told { name, heard }
        });
        Ok(join_all(telling).await)
    }
}
