//! `strict_mode` in `vrrp_instance`: what of an instance RFC 9568 does not allow (reference §3.9). What the instance
//! itself says about announcements and adverts still counts; what `global_defs` says does not.

use alloc::format;
use core::time::Duration;

use super::vrrp_instance::VrrpInstance;
use crate::config::diagnostic::{At, Diagnostics, Span, code};
use crate::vrrp::auth_hmac::Mode;
use crate::vrrp::settings::{InstanceSettings, Transport, Version};

/// RFC 9568 §6.1: Active_Down_Interval.
const DOWN_TIMER_ADVERTS: u8 = 3;

/// Makes the settings strict.
pub fn apply(written: &VrrpInstance, settings: &mut InstanceSettings, out: &mut Diagnostics) {
    let owner = settings.priority == 255;
    settings.wants_master = owner;
    if let Some(authentication) = &written.authentication
        && settings.auth_pass.take().is_some()
    {
        settings.auth_header = false;
        no_effect("authentication", authentication.span, out)
            .label("adverts go without a password");
    }
    if let Some(hmac) = &mut settings.wire.hmac
        && hmac.mode != Mode::Enforce
    {
        hmac.mode = Mode::Enforce;
        let mode = written.auth_hmac.as_ref().and_then(|it| it.mode.as_ref());
        let span = mode.map_or(written.name.span, |mode| mode.span);
        no_effect("mode", span, out).label("all adverts must be signed");
    }
    if let Transport::Unicast { .. } = settings.transport {
        let span = written.unicast.unwrap_or(written.name.span);
        out.add(code::CONFLICT, span, "`unicast_peer` is not possible with `strict_mode`")
            .label("the protocol is multicast")
            .help(format!("add `strict_mode off` to vrrp_instance `{}`", settings.name));
    }
    if let (true, Some(span)) = (settings.vips.is_empty(), written.no_vips) {
        out.add(
            code::CONFLICT,
            span,
            "an instance without addresses is not possible with `strict_mode`",
        )
        .help("add `virtual_ipaddress { IP }`");
    }
    if !settings.preempt_delay.is_zero() {
        settings.preempt_delay = Duration::ZERO;
        if let Some(delay) = &written.preempt_delay {
            no_effect("preempt_delay", delay.span, out);
        }
    }
    if let Some(given) =
        written.down_timer_adverts.as_ref().filter(|n| n.value != DOWN_TIMER_ADVERTS)
    {
        no_effect("down_timer_adverts", given.span, out).label("taken as 3");
    }
    settings.down_timer_adverts = DOWN_TIMER_ADVERTS;
    settings.accept = accept(written, settings, out);
    settings.garp.lower_prio_repeat = match &written.garp.lower_prio_repeat {
        Some(_) => settings.garp.lower_prio_repeat,
        None => 0,
    };
    settings.garp.lower_prio_delay = written.garp.lower_prio_delay.unwrap_or(Duration::ZERO);
    settings.lower_prio_no_advert = written.lower_prio_no_advert.unwrap_or(true);
    settings.higher_prio_send_advert = written.higher_prio_send_advert.unwrap_or(false);
    if owner && written.owner_ignore_adverts.is_none() {
        settings.ignore_adverts = true;
    }
}

/// Accept_Mode is false unless it is asked for, and version 2 does not know it.
fn accept(written: &VrrpInstance, settings: &InstanceSettings, out: &mut Diagnostics) -> bool {
    let owner = settings.priority == 255;
    match &written.accept {
        Some(At { value: true, span }) if settings.version == Version::V2 && !owner => {
            no_effect("accept", *span, out).label("version 2 lets only the owner accept packets");
            false
        }
        Some(At { value: true, .. }) => true,
        Some(_) | None => owner,
    }
}

fn no_effect<'d>(
    keyword: &str,
    span: Span,
    out: &'d mut Diagnostics,
) -> &'d mut crate::config::diagnostic::Diagnostic {
    out.add(code::NO_EFFECT, span, format!("`{keyword}` has no effect with `strict_mode`"))
}
