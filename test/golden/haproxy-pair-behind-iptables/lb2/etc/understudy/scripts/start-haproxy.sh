#!/bin/sh
# Called by the engine when lb2 takes the VIP over (site haproxy-pair): HAProxy must run here from now on.
# It is not stopped on the standby, whose own check would then fail, and where it costs nothing to be ready.
exec systemctl start haproxy.service
