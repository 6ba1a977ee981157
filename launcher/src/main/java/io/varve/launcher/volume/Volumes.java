package io.varve.launcher.volume;

import io.varve.lsvd.RemovalListener;
import io.varve.lsvd.VolumeException;
import io.varve.lsvd.VolumeInfo;
import io.varve.lsvd.VolumeUsage;
import io.varve.lsvd.format.VolumeSettings;
import java.util.List;
import java.util.Map;

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

    /**
     * Changes the size of a volume.
     *
     * @param allowsShrink whether it may become smaller: what lies beyond is lost for good then.
     */
    VolumeInfo resize(String name, long sizeBytes, boolean allowsShrink) throws VolumeException;

    /**
     * Removes a volume and its log; false when there was none of that name.
     *
     * @param listener is told how far it has come, if it is done by this process.
     */
    boolean remove(String name, RemovalListener listener) throws VolumeException;
}
