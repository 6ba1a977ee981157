package io.varve.launcher.control;

import io.varve.launcher.UserException;
import io.varve.launcher.config.Setting;
import io.varve.launcher.config.Settings;
import io.varve.launcher.config.UserPath;
import io.varve.launcher.daemon.ExportPlan;
import io.varve.launcher.daemon.NbdPlan;
import io.varve.launcher.daemon.OpeningChoices;
import io.varve.launcher.daemon.SocketAccess;
import io.varve.launcher.daemon.VhostUserPlan;
import io.varve.launcher.daemon.VolumeOptions;
import io.varve.lsvd.store.ObjectStore;
import io.varve.nbd.NbdTls;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.Function;

/**
 * The parameters of {@code attach}.
 *
 * @param volume          its name.
 * @param socketPath      where to listen; null for the usual place.
 * @param nbd             where to listen for NBD clients; none if empty.
 * @param nbdTls          directory of the certificates and the key with which they are served; null for no TLS.
 * @param isReadOnly      whether writes are refused.
 * @param isShared        whether several sessions may write.
 * @param isTakeOver      whether the volume is taken over.
 * @param acceptsDataLoss whether damage to the log is put up with.
 * @param allowsUnfitStore whether the store is not tried.
 * @param settings        that differ from the daemon's, for this volume, by key.
 */
record AttachRequest(
        String volume,
        String socketPath,
        List<String> nbd,
        String nbdTls,
        boolean isReadOnly,
        boolean isShared,
        boolean isTakeOver,
        boolean acceptsDataLoss,
        boolean allowsUnfitStore,
        Map<String, String> settings) {
    /** Behind the name of a volume, the file name of its socket. No other file beside the control socket ends so. */
    private static final String SOCKET_SUFFIX = ".vhost.sock";

    private static final int MAX_NBD = 16;

    private static final Set<String> PARAMS = new TreeSet<>(List.of(
            "volume",
            "socket_path",
            "nbd",
            "nbd_tls",
            "read_only",
            "shared",
            "take_over",
            "accept_data_loss",
            "allow_unfit_store",
            "settings"));

    /** Reads parameters. */
    static AttachRequest of(final Map<String, Object> values) throws RpcException {
        final Params params = new Params(values, PARAMS);
        return new AttachRequest(
                params.required("volume"),
                params.string("socket_path"),
                params.list("nbd"),
                params.string("nbd_tls"),
                params.flag("read_only"),
                params.flag("shared"),
                params.flag("take_over"),
                params.flag("accept_data_loss"),
                params.flag("allow_unfit_store"),
                params.strings("settings"));
    }

    /** The parameters again, but for what the operator has stated of this one time. */
    Map<String, Object> lasting() {
        final Map<String, Object> params = new LinkedHashMap<>();
        params.put("volume", volume);
        if (socketPath != null) {
            params.put("socket_path", socketPath);
        }
        if (!nbd.isEmpty()) {
            params.put("nbd", nbd);
        }
        if (nbdTls != null) {
            params.put("nbd_tls", nbdTls);
        }
        params.put("read_only", isReadOnly);
        if (isShared) {
            params.put("shared", true);
        }
        params.put("allow_unfit_store", allowsUnfitStore);
        params.put("settings", settings);
        return params;
    }

    /**
     * What that means.
     *
     * @param daemon    settings of the daemon.
     * @param store     opens a store according to settings.
     * @param isPatient whether opening is tried again until it succeeds, as of what was attached before: then the guest needs its
     *                  disk, whether all that was given is of use or not.
     * @throws UserException when a setting or the socket's path is no good, or what was given can have no effect.
     */
    VolumeOptions options(final Settings daemon, final Function<Settings, ObjectStore> store, final boolean isPatient) {
        final Settings own = daemon.with(settings, Setting.OF_VOLUME);
        return VolumeOptions.of(
                volume,
                own,
                isPatient ? Set.of() : settings.keySet(),
                () -> store.apply(own),
                plans(own),
                new OpeningChoices(isReadOnly, isTakeOver, acceptsDataLoss, allowsUnfitStore, isPatient, isShared));
    }

    private List<ExportPlan> plans(final Settings own) {
        final SocketAccess access = SocketAccess.of(own);
        final List<ExportPlan> plans = new ArrayList<>();
        plans.add(VhostUserPlan.at(socket(own.get(Setting.CONTROL)), access));
        if (nbd.size() > MAX_NBD) {
            throw new UserException("a volume has at most " + MAX_NBD + " addresses for NBD");
        }
        if (nbdTls != null && (nbd.isEmpty() || !nbdTls.startsWith("/"))) {
            throw new UserException("nbd_tls wants an absolute path, and an address in nbd");
        }
        final NbdTls tls = NbdPlan.tls(nbdTls == null ? null : UserPath.of(nbdTls));
        for (final String address : nbd) {
            if (address.startsWith("unix:") && !address.startsWith("unix:/")) {
                throw new UserException("NBD address '" + address + "' has a path that is not absolute");
            }
            plans.add(NbdPlan.at(address, access, tls));
        }
        return plans;
    }

    private Path socket(final Path control) {
        if (socketPath == null) {
            if (!volume.matches("[a-z0-9._-]{1,63}(@[a-zA-Z0-9._:-]{1,63})?")) {
                throw new UserException("'" + volume + "' is no name for a volume");
            }
            return control.resolveSibling(volume + SOCKET_SUFFIX);
        }
        if (!socketPath.startsWith("/")) {
            throw new UserException("socket path '" + socketPath + "' is not absolute");
        }
        return UserPath.of(socketPath);
    }
}
