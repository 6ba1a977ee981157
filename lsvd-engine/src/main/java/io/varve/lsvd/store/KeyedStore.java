package io.varve.lsvd.store;

import io.varve.lsvd.crypto.KeyWrapper;
import java.util.Objects;

/** A store of encrypted volumes, with what their data keys are wrapped by. Neither is of use to them without the other. */
public class KeyedStore extends ForwardingStore {
    private final KeyWrapper wrapper;

    /** Makes one of a store, which it closes, and of a wrapper, which stays the caller's. */
    public KeyedStore(final ObjectStore store, final KeyWrapper wrapper) {
        super(store);
        this.wrapper = Objects.requireNonNull(wrapper);
    }

    @Override
    public final KeyWrapper keyWrapper() {
        return wrapper;
    }
}
