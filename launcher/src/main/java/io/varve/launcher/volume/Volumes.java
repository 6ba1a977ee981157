package io.varve.launcher.volume;

import io.varve.control.SnapshotDescription;
import io.varve.lsvd.RemovalListener;
import io.varve.lsvd.VolumeException;
import io.varve.lsvd.VolumeInfo;
import io.varve.lsvd.VolumeUsage;
import io.varve.lsvd.format.VolumeSettings;
import java.util.List;
import java.util.Map;
import java.util.function.LongConsumer;

/**
 * What can be done with the volumes of a store. Methods wait for the store; a {@link VolumeException} or {@link
 * io.varve.launcher.UserException} says in one line why something can't be done.
 */
public interface Volumes {
    /**
     * Makes a volume.
     *
     * @param allowsUnfitStore whether the store is not tried before.
     */
    VolumeInfo create(String name, VolumeSettings settings, boolean allowsUnfitStore) throws VolumeException;

    /** All volumes, by name. */
    List<VolumeInfo> list() throws VolumeException;

    /** One volume. */
    VolumeInfo info(String name) throws VolumeException;

    /** What a volume takes of the store. */
    VolumeUsage usage(String name) throws VolumeException;

    /** Changes settings of a volume, from the next time on that it is opened. */
    VolumeInfo set(String name, Map<VolumeSettingText, String> changes) throws VolumeException;

    /** Gives a volume that nobody on this host has open another name. */
    VolumeInfo rename(String name, String to) throws VolumeException;

    /** What is noted of a volume, by key. */
    Map<String, String> metadata(String name) throws VolumeException;

    /**
     * Changes what is noted of a volume.
     *
     * @param set    texts, by their keys.
     * @param remove keys to forget.
     * @return all that is noted then.
     */
    Map<String, String> changeMetadata(String name, Map<String, String> set, List<String> remove)
            throws VolumeException;

    /**
     * Changes the size of a volume.
     *
     * @param allowsShrink whether it may become smaller: what lies beyond is lost for good then.
     */
    VolumeInfo resize(String name, long sizeBytes, boolean allowsShrink) throws VolumeException;

    /**
     * Makes a volume that begins as a snapshot and shares its data.
     *
     * @param sizeBytes 0 for the snapshot's.
     * @param changes   what its settings have that those of the snapshot's volume have not.
     */
    VolumeInfo cloneOf(SnapshotName from, String name, long sizeBytes, Map<VolumeSettingText, String> changes)
            throws VolumeException;

    /**
     * Gives a clone a copy of all its data, and lets its ancestors go.
     *
     * @param bytesLeft is told now and then how much is yet to be copied.
     */
    void flatten(String name, LongConsumer bytesLeft) throws VolumeException;

    /** Takes a snapshot; it is in the store when this returns. */
    SnapshotDescription createSnapshot(SnapshotName name) throws VolumeException;

    /** The snapshots of a volume, oldest first. */
    List<SnapshotDescription> listSnapshots(String volume) throws VolumeException;

    /** Removes a snapshot; false when there was none. */
    boolean removeSnapshot(SnapshotName name) throws VolumeException;

    /** Gives a snapshot another name. */
    SnapshotDescription renameSnapshot(SnapshotName name, String to) throws VolumeException;

    /** Lets a snapshot not be removed, or be removed again. */
    SnapshotDescription protectSnapshot(SnapshotName name, boolean isProtected) throws VolumeException;

    /** Has a volume that nobody has open go back to a snapshot. */
    VolumeInfo rollBack(SnapshotName name) throws VolumeException;

    /**
     * Removes a volume and its log; false when there was none of that name.
     *
     * @param listener is told how far it has come, if it is done by this process.
     */
    boolean remove(String name, RemovalListener listener) throws VolumeException;
}
