package io.varve.nbd;

import javax.net.ssl.SSLContext;

/** What TLS needs. */
public record NbdTls(SSLContext context) {}
