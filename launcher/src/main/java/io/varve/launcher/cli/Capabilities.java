package io.varve.launcher.cli;

import java.io.PrintWriter;

/**
 * What {@code serve --print-capabilities} answers: a {@code VHostUserBackendCapabilities} of QEMU's
 * {@code docs/interop/vhost-user.json}. There is no {@code blk-file}: a volume is named, not a file.
 */
final class Capabilities {
    private Capabilities() {}

    static void print(final PrintWriter out) {
        out.println("{\"type\": \"block\", \"features\": [\"read-only\"]}");
    }
}
