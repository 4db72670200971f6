//! The configuration language of keepalived.conf: text in, settings and diagnostics out.
