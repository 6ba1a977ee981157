package io.varve.hostdisks;

import java.nio.file.Path;
import java.util.Properties;

/**
 * A volume that is a disk of this host, as {@link DiskTable} notes it.
 *
 * @param index      number of the device.
 * @param volume     its name, for people.
 * @param identifier what it is, for the kernel: the same for as long as it is the same volume.
 * @param address    where the server listens, {@code unix:PATH} or {@code HOST:PORT}.
 * @param export     name of the disk at that server; empty for its default.
 * @param isReadOnly whether it can't be written.
 * @param control    control socket of the daemon that attached the volume to be mapped, and is to detach it; empty for none.
 */
public record HostDisk(
        int index,
        String volume,
        String identifier,
        String address,
        String export,
        boolean isReadOnly,
        String control) {
    /** The device. */
    public Path device() {
        return Path.of("/dev", name());
    }

    /** The name of the device in the kernel. */
    String name() {
        return "nbd" + index;
    }

    /** The same volume on a device. */
    HostDisk at(final int device) {
        return new HostDisk(device, volume, identifier, address, export, isReadOnly, control);
    }

    /** The same disk, as one that can be written or not. */
    public HostDisk readOnly(final boolean readOnly) {
        return new HostDisk(index, volume, identifier, address, export, readOnly, control);
    }

    Properties toProperties() {
        final Properties properties = new Properties();
        properties.setProperty("volume", volume);
        properties.setProperty("identifier", identifier);
        properties.setProperty("address", address);
        properties.setProperty("export", export);
        properties.setProperty("read-only", Boolean.toString(isReadOnly));
        properties.setProperty("control", control);
        return properties;
    }

    static HostDisk ofProperties(final int index, final Properties properties) {
        return new HostDisk(
                index,
                properties.getProperty("volume", ""),
                properties.getProperty("identifier", ""),
                properties.getProperty("address", ""),
                properties.getProperty("export", ""),
                Boolean.parseBoolean(properties.getProperty("read-only")),
                properties.getProperty("control", ""));
    }
}
