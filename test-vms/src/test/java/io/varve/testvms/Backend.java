package io.varve.testvms;

import java.io.IOException;
import java.nio.file.Path;

/** What serves a disk to a guest: a daemon that listens on a vhost-user socket, and that can be ended and started again. */
interface Backend {
    /** The socket of the disk; the same one after every start. */
    Path socket();

    /** Starts the daemon on the disk as it was left, and returns when the socket can be connected to. */
    void start() throws IOException, InterruptedException;

    /** Ends the daemon as its operator would, and checks that it ends well. */
    void stop() throws InterruptedException;

    /** Kills the daemon with SIGKILL. */
    void kill() throws InterruptedException;
}
