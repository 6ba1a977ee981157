package io.varve.launcher.volume;

import io.varve.control.ErrorKind;
import io.varve.launcher.UserException;
import java.util.UUID;

/** Another process of this host has a volume open. */
public final class VolumeInUseException extends UserException {
    private static final long serialVersionUID = 1L;

    private final UUID uuid;

    VolumeInUseException(final String name, final UUID uuid) {
        super(ErrorKind.BUSY, "volume '" + name + "' is in use by another varve process of this host: end that first");
        this.uuid = uuid;
    }

    /** The volume's. */
    public UUID uuid() {
        return uuid;
    }
}
