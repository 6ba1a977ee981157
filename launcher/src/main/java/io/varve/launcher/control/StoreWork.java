package io.varve.launcher.control;

import io.varve.control.StoreInfoCall;
import io.varve.launcher.config.Setting;
import io.varve.launcher.config.StoreUrl;
import io.varve.lsvd.VolumeException;
import java.io.IOException;
import java.nio.file.FileStore;
import java.nio.file.Files;

/** Calls about stores. */
final class StoreWork {
    private final VolumeScope scope;

    StoreWork(final VolumeScope scope) {
        this.scope = scope;
    }

    /** Of a bucket nobody knows how much it takes. */
    StoreInfoCall.Answer info(final StoreInfoCall call) throws VolumeException, IOException {
        return scope.withStore(null, call.settings(), (opened, own) -> {
            if (own.get(Setting.STORE) instanceof final StoreUrl.Directory directory
                    && Files.exists(directory.path())) {
                final FileStore disk = Files.getFileStore(directory.path());
                return new StoreInfoCall.Answer(opened.url(), disk.getTotalSpace(), disk.getUsableSpace());
            }
            return new StoreInfoCall.Answer(opened.url(), null, null);
        });
    }
}
