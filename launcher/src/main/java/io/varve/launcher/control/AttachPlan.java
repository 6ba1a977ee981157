package io.varve.launcher.control;

import io.varve.control.AttachCall;
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
import io.varve.lsvd.ObjectName;
import io.varve.lsvd.store.ObjectStore;
import io.varve.nbd.NbdTls;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.function.Function;

/** What a call to attach a volume means. */
final class AttachPlan {
    /** Behind the name of a volume, the file name of its socket. No other file beside the control socket ends so. */
    private static final String SOCKET_SUFFIX = ".vhost.sock";

    private static final int MAX_NBD = 16;

    private AttachPlan() {}

    /** The call again, but for what counts this one time. */
    static AttachCall lasting(final AttachCall call) {
        final AttachCall.Opening opening = call.opening();
        return new AttachCall(
                call.volume(),
                call.socketPath(),
                call.nbd(),
                new AttachCall.Opening(opening.readOnly(), opening.shared(), false, false, opening.allowUnfitStore()),
                call.settings(),
                false);
    }

    /**
     * How the volume is to be served.
     *
     * @param daemon    settings of the daemon.
     * @param store     opens a store according to settings.
     * @param isPatient whether opening is tried again until it succeeds, as of what was attached before: then the guest needs its
     *                  disk, whether all that was given is of use or not.
     * @throws UserException when a setting or the socket's path is no good, or what was given can have no effect.
     */
    static VolumeOptions options(
            final AttachCall call,
            final Settings daemon,
            final Function<Settings, ObjectStore> store,
            final boolean isPatient) {
        final Settings own = daemon.with(call.settings(), Setting.OF_VOLUME);
        final AttachCall.Opening opening = call.opening();
        return VolumeOptions.of(
                call.volume(),
                own,
                isPatient ? Set.of() : call.settings().keySet(),
                () -> store.apply(own),
                plans(call, own),
                new OpeningChoices(
                        opening.readOnly(),
                        opening.takeOver(),
                        opening.acceptDataLoss(),
                        opening.allowUnfitStore(),
                        isPatient,
                        opening.shared()));
    }

    private static List<ExportPlan> plans(final AttachCall call, final Settings own) {
        final List<String> nbd = call.nbd().nbd();
        final String directory = call.nbd().nbdTls();
        final SocketAccess access = SocketAccess.of(own);
        final List<ExportPlan> plans = new ArrayList<>();
        plans.add(VhostUserPlan.at(socket(call, own.get(Setting.CONTROL)), access));
        if (nbd.size() > MAX_NBD) {
            throw new UserException("a volume has at most " + MAX_NBD + " addresses for NBD");
        }
        if (directory != null && (nbd.isEmpty() || !directory.startsWith("/"))) {
            throw new UserException("nbd_tls wants an absolute path, and an address in nbd");
        }
        final NbdTls tls = NbdPlan.tls(directory == null ? null : UserPath.of(directory));
        for (final String address : nbd) {
            if (address.startsWith("unix:") && !address.startsWith("unix:/")) {
                throw new UserException("NBD address '" + address + "' has a path that is not absolute");
            }
            plans.add(NbdPlan.at(address, access, tls));
        }
        return plans;
    }

    private static Path socket(final AttachCall call, final Path control) {
        final String path = call.socketPath();
        if (path == null) {
            final int at = call.volume().indexOf('@');
            if (!ObjectName.isValid(at < 0 ? call.volume() : call.volume().substring(0, at))
                    || at >= 0 && !ObjectName.isValid(call.volume().substring(at + 1))) {
                throw new UserException("'" + call.volume() + "' is no name for a volume");
            }
            return control.resolveSibling(call.volume() + SOCKET_SUFFIX);
        }
        if (!path.startsWith("/")) {
            throw new UserException("socket path '" + path + "' is not absolute");
        }
        return UserPath.of(path);
    }
}
