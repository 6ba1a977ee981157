/**
 * What a service manager gives to a service and wants to hear from it: sockets that are handed over (sd_listen_fds(3)), and
 * news of readiness (sd_notify(3)). No library is needed: both are a few variables and a datagram.
 */
package io.varve.launcher.systemd;
