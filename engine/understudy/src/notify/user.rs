//! Users and groups from /etc/passwd and /etc/group. The C library's lookup is not used: in a static program it loads
//! modules of the host's own C library, which may be another version.

use std::fs;

use understudy_core::command::RunAs;

use crate::sys::process::Credentials;

/// The numbers of `who`, from the host's files.
pub fn look_up(who: &RunAs) -> Result<Credentials, String> {
    let read = |path: &str| fs::read_to_string(path).map_err(|e| format!("read {path}: {e}"));
    find(&read("/etc/passwd")?, &read("/etc/group")?, who)
}

/// The number of a group, from the host's file.
pub fn group_id(name: &str) -> Option<u32> {
    group_in(&fs::read_to_string("/etc/group").ok()?, name)
}

fn find(passwd: &str, group: &str, who: &RunAs) -> Result<Credentials, String> {
    // name:password:uid:gid:comment:home:shell
    let user = passwd
        .lines()
        .map(|line| line.split(':').collect::<Vec<_>>())
        .find(|fields| fields.len() >= 4 && (fields[0] == who.user || fields[2] == who.user));
    let Some(fields) = user else { return Err(format!("there is no user `{}`", who.user)) };
    let number =
        |text: &str| text.parse::<u32>().map_err(|_| format!("bad entry of user `{}`", who.user));
    let (name, uid, own_gid) = (fields[0], number(fields[2])?, number(fields[3])?);
    // `GROUP` is that group alone; `:NAME` or `:` brings the user's supplementary groups, too.
    let (wanted, supplementary) = match who.group.as_deref() {
        None => (None, false),
        Some(text) => match text.strip_prefix(':') {
            Some(rest) => (Some(rest).filter(|rest| !rest.is_empty()), true),
            None => (Some(text), false),
        },
    };
    let gid = match wanted {
        None => own_gid,
        Some(name) => group_in(group, name).ok_or_else(|| format!("there is no group `{name}`"))?,
    };
    let mut groups = vec![gid];
    if supplementary {
        groups.extend(memberships(group, name).filter(|g| *g != gid));
    }
    Ok(Credentials { uid, gid, groups })
}

/// name:password:gid:member,member
fn entries(group: &str) -> impl Iterator<Item = (&str, u32, &str)> {
    group.lines().filter_map(|line| {
        let mut fields = line.split(':');
        let name = fields.next()?;
        let gid = fields.nth(1)?.parse().ok()?;
        Some((name, gid, fields.next().unwrap_or("")))
    })
}

fn group_in(group: &str, name: &str) -> Option<u32> {
    let by_name = entries(group).find(|(n, ..)| *n == name).map(|(_, gid, _)| gid);
    by_name.or_else(|| name.parse().ok())
}

fn memberships<'a>(group: &'a str, user: &'a str) -> impl Iterator<Item = u32> + 'a {
    entries(group)
        .filter(move |(_, _, members)| members.split(',').any(|m| m == user))
        .map(|(_, gid, _)| gid)
}

#[cfg(test)]
mod tests {
    use super::*;

    const PASSWD: &str = "root:x:0:0:root:/root:/bin/sh\nweb:x:33:34::/:/bin/false\n";
    const GROUP: &str = "root:x:0:\nweb:x:34:\nmail:x:8:web,root\nadm:x:4:root\n";

    fn who(user: &str, group: Option<&str>) -> Result<Credentials, String> {
        let group = group.map(str::to_owned);
        find(PASSWD, GROUP, &RunAs { user: user.to_owned(), group })
    }

    #[test]
    fn a_user_has_its_own_group_unless_told() {
        assert_eq!(who("web", None).unwrap(), Credentials { uid: 33, gid: 34, groups: vec![34] });
        assert_eq!(who("web", Some("adm")).unwrap().groups, [4]);
        assert_eq!(who("web", Some(":")).unwrap().groups, [34, 8]);
        assert_eq!(who("web", Some(":adm")).unwrap().groups, [4, 8]);
    }

    #[test]
    fn who_is_not_there_is_named() {
        assert_eq!(who("nobody", None).unwrap_err(), "there is no user `nobody`");
        assert_eq!(who("web", Some("gone")).unwrap_err(), "there is no group `gone`");
    }
}
