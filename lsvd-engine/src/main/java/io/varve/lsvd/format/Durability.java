package io.varve.lsvd.format;

/** What a completed flush, or a completed write without write cache, survives. */
public enum Durability {
    /** The host losing power: it is durable in the local log. */
    LOG,
    /** The loss of the host as well: the store holds everything up to it, without a gap. */
    STORE;

    /** The value of a number in a record, or null when unknown. */
    static Durability of(final int code) {
        return code >= 0 && code < values().length ? values()[code] : null;
    }
}
