package io.varve.linux;

import io.varve.linux.IoRing.CompletionHandler;

/** Who is registered with a ring, and how many answers each still has to get. The ring's thread only. */
final class HandlerTable {
    private final CompletionHandler[] handlers = new CompletionHandler[IoRing.MAX_HANDLERS];
    private final int[] outstanding = new int[IoRing.MAX_HANDLERS];
    private final int[] free = new int[IoRing.MAX_HANDLERS];
    private int freeCount = IoRing.MAX_HANDLERS;

    HandlerTable() {
        for (int i = 0; i < free.length; i++) {
            free[i] = free.length - 1 - i;
        }
    }

    int register(final CompletionHandler handler) {
        if (handler == null) {
            throw new NullPointerException("handler");
        }
        if (freeCount == 0) {
            throw new IllegalStateException("all " + IoRing.MAX_HANDLERS + " handlers of the ring are in use");
        }
        final int id = free[--freeCount];
        handlers[id] = handler;
        return id;
    }

    void unregister(final int id) {
        checkRegistered(id);
        handlers[id] = null;
        if (outstanding[id] == 0) {
            free[freeCount++] = id;
        }
    }

    /** An operation begins that will be answered to a handler. */
    void begin(final int id) {
        checkRegistered(id);
        outstanding[id]++;
    }

    /** The last answer to an operation has come. The handler, null when its registration has ended. */
    CompletionHandler end(final int id) {
        final CompletionHandler handler = handlers[id];
        if (--outstanding[id] == 0 && handler == null) {
            free[freeCount++] = id;
        }
        return handler;
    }

    /** The handler for an answer that is not the last, null when its registration has ended. */
    CompletionHandler get(final int id) {
        return handlers[id];
    }

    private void checkRegistered(final int id) {
        if (id < 0 || id >= handlers.length || handlers[id] == null) {
            throw new IllegalArgumentException("no handler is registered as " + id);
        }
    }
}
