package io.varve.lsvd.store;

/** There is no object under a key: it was never created, or it has been deleted. Trying again does not help. */
public final class NoSuchObjectException extends StoreException {
    private static final long serialVersionUID = 1L;

    /** Makes an exception for a key. */
    public NoSuchObjectException(final String key) {
        super("no object " + key);
    }
}
