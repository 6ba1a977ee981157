package io.varve.launcher.daemon;

import io.varve.launcher.UserException;
import io.varve.launcher.config.Setting;
import java.util.Set;

/**
 * How a volume is to be opened.
 *
 * @param isReadOnly      whether writes are refused.
 * @param isTakeOver      whether it is opened although another daemon had it and has not closed it.
 * @param acceptsDataLoss whether the loss of flushed records, or of what the store held, is put up with: for one opening.
 * @param allowsUnfitStore whether the store is not even tried for what volumes need.
 * @param isPatient       whether opening is tried again until it succeeds.
 * @param isShared        whether several sessions may write at a time.
 */
public record OpeningChoices(
        boolean isReadOnly,
        boolean isTakeOver,
        boolean acceptsDataLoss,
        boolean allowsUnfitStore,
        boolean isPatient,
        boolean isShared) {
    /**
     * Checks that nothing is stated in vain.
     *
     * @param name  of the volume, or snapshot.
     * @param given keys of the settings that were given for this volume.
     */
    void requireUseful(final String name, final Set<String> given) {
        final String unused = Setting.firstOption(Setting.OF_WRITERS, given);
        if (isReadOnly && unused != null) {
            throw new UserException(
                    unused + ": '" + name + "' is served read-only, and nothing is written: leave it out");
        }
        final String vain = isTakeOver ? "--take-over" : acceptsDataLoss ? "--accept-data-loss" : null;
        if (isReadOnly && vain != null) {
            throw new UserException(vain + ": '" + name + "' is served read-only, which takes nothing from anybody and"
                    + " reads no log: leave it out");
        }
        if (isReadOnly && isShared) {
            throw new UserException(
                    "--shared: '" + name + "' is served read-only, and any number may read: leave it out");
        }
    }

    /** The same, but that writes are refused. */
    OpeningChoices readOnly() {
        return new OpeningChoices(true, isTakeOver, acceptsDataLoss, allowsUnfitStore, isPatient, isShared);
    }
}
