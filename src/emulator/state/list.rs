//! Lists of texts, of addresses, or of anything.

use std::borrow::Cow;
use std::net::IpAddr;

use serde_json::{Value, json};

use super::grants::merge;
use super::table::{By, Row, key};
use crate::emulator::words::refusal::{Refusal, Result};

pub(in crate::emulator) struct ListOf {
    pub(in crate::emulator) id: String,
    pub(in crate::emulator) name: String,
    pub(in crate::emulator) description: String,
    pub(in crate::emulator) data: Data,
}

/// What is in a list.
pub(in crate::emulator) enum Data {
    Texts(Vec<String>),
    Ips(Vec<String>),
    Json(Value),
}

impl Row for ListOf {
    fn keys(&self) -> Vec<(By, Cow<'_, [u8]>)> {
        vec![key(By::Id, &self.id), key(By::Name, &self.name)]
    }
}

impl Data {
    /// Reads `type` and `data`. Without data, the list is empty.
    pub(in crate::emulator) fn read(kind: &str, data: Option<&Value>) -> Result<Self> {
        let texts = || match data {
            None => Ok(Vec::new()),
            Some(data) => texts(data)
                .ok_or_else(|| Refusal::invalid("The data field must be an array of strings")),
        };
        match kind {
            "texts" => Ok(Self::Texts(distinct(texts()?))),
            "ips" => {
                let ips = texts()?;
                ips.iter().try_for_each(|ip| Range::parse(ip).map(|_| ()))?;
                Ok(Self::Ips(distinct(ips)))
            }
            "json" => Ok(Self::Json(data.cloned().unwrap_or_else(|| json!({})))),
            _ => Err(Refusal::argument("A list is of the type texts, ips or json")),
        }
    }

    pub(in crate::emulator) fn kind(&self) -> &'static str {
        match self {
            Self::Texts(_) => "texts",
            Self::Ips(_) => "ips",
            Self::Json(_) => "json",
        }
    }

    pub(in crate::emulator) fn show(&self) -> Value {
        match self {
            Self::Texts(texts) | Self::Ips(texts) => json!(texts),
            Self::Json(value) => value.clone(),
        }
    }

    /// Leaves a list of the same type with nothing in it.
    pub(in crate::emulator) fn clear(&mut self) {
        match self {
            Self::Texts(texts) | Self::Ips(texts) => texts.clear(),
            Self::Json(value @ Value::Array(_)) => *value = json!([]),
            Self::Json(value) => *value = json!({}),
        }
    }

    pub(in crate::emulator) fn texts(&mut self) -> Result<&mut Vec<String>> {
        match self {
            Self::Texts(texts) => Ok(texts),
            _ => Err(Refusal::argument("The list is not of texts")),
        }
    }

    fn ips(&mut self) -> Result<&mut Vec<String>> {
        match self {
            Self::Ips(ips) => Ok(ips),
            _ => Err(Refusal::argument("The list is not of IP addresses")),
        }
    }

    pub(in crate::emulator) fn add_ips(&mut self, more: &[&str]) -> Result<()> {
        more.iter().try_for_each(|ip| Range::parse(ip).map(|_| ()))?;
        merge(self.ips()?, more.iter().map(|ip| (*ip).to_owned()));
        Ok(())
    }

    /// Removes addresses and ranges, however they are written.
    pub(in crate::emulator) fn remove_ips(&mut self, gone: &[&str]) -> Result<()> {
        let gone: Vec<_> = gone.iter().map(|ip| Range::parse(ip)).collect::<Result<_>>()?;
        self.ips()?.retain(|ip| Range::parse(ip).is_ok_and(|range| !gone.contains(&range)));
        Ok(())
    }

    /// Whether an address, or all of a range, is in one of the list's.
    pub(in crate::emulator) fn has_ip(&mut self, ip: &str) -> Result<bool> {
        let asked = Range::parse(ip)?;
        let has = |ip: &String| Range::parse(ip).is_ok_and(|range| range.contains(asked));
        Ok(self.ips()?.iter().any(has))
    }
}

fn texts(data: &Value) -> Option<Vec<String>> {
    data.as_array()?.iter().map(|text| text.as_str().map(str::to_owned)).collect()
}

fn distinct(texts: Vec<String>) -> Vec<String> {
    let mut distinct = Vec::new();
    merge(&mut distinct, texts);
    distinct
}

/// The addresses that begin with the same bits; a single one if these are all its bits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Range {
    is_v4: bool,
    /// The first address, in the highest bits.
    first: u128,
    bits: u32,
}

impl Range {
    /// Reads an address, or a range in CIDR notation (RFC 4632).
    fn parse(text: &str) -> Result<Self> {
        let refusal = || Refusal::argument(format!("{text:?} is not an IP address or range"));
        let (address, bits) = match text.split_once('/') {
            Some((address, bits)) => (address, Some(bits.parse().map_err(|_| refusal())?)),
            None => (text, None),
        };
        let (is_v4, first, all) = match address.parse().map_err(|_| refusal())? {
            IpAddr::V4(ip) => (true, u128::from(u32::from(ip)) << 96, 32),
            IpAddr::V6(ip) => (false, u128::from(ip), 128),
        };
        let bits = bits.unwrap_or(all);
        if bits > all {
            return Err(refusal());
        }
        Ok(Self { is_v4, first: first & mask(bits), bits })
    }

    fn contains(self, other: Self) -> bool {
        self.is_v4 == other.is_v4
            && self.bits <= other.bits
            && other.first & mask(self.bits) == self.first
    }
}

/// The highest bits.
fn mask(bits: u32) -> u128 {
    u128::MAX.checked_shl(128 - bits).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_contain_what_begins_with_their_bits() {
        for (range, ip, contains) in [
            ("192.0.2.1", "192.0.2.1", true),
            ("192.0.2.1", "192.0.2.2", false),
            ("10.0.0.0/8", "10.255.0.1", true),
            ("10.9.9.9/8", "10.0.0.1", true),
            ("10.0.0.0/8", "11.0.0.0", false),
            ("10.0.0.0/8", "10.1.0.0/16", true),
            ("10.1.0.0/16", "10.0.0.0/8", false),
            ("0.0.0.0/0", "255.255.255.255", true),
            ("0.0.0.0/0", "::1", false),
            ("2001:db8::/32", "2001:db8:1::1", true),
            ("2001:db8::/32", "2001:db9::1", false),
            ("::/0", "ffff::", true),
            ("::1", "0:0::1", true),
        ] {
            let [of, ip] = [range, ip].map(|text| Range::parse(text).unwrap());
            assert_eq!(of.contains(ip), contains, "{range} {ip:?}");
        }
        for wrong in ["", "10.0.0", "10.0.0.0/33", "::/129", "10.0.0.0/", "10.0.0.0/-1", "a/8"] {
            assert!(Range::parse(wrong).is_err(), "{wrong}");
        }
    }
}
