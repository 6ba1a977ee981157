package io.varve.launcher.control;

import io.varve.control.BlockRange;
import io.varve.control.ErrorKind;
import io.varve.control.Event;
import io.varve.control.VolumeDescription;
import io.varve.control.VolumeExportCall;
import io.varve.control.VolumeImportCall;
import io.varve.control.VolumeVerifyCall;
import io.varve.control.rpc.CallContext;
import io.varve.launcher.UserException;
import io.varve.launcher.config.Setting;
import io.varve.launcher.config.Settings;
import io.varve.launcher.config.UserPath;
import io.varve.launcher.image.ImageFormat;
import io.varve.launcher.image.ImageInput;
import io.varve.launcher.volume.Descriptions;
import io.varve.launcher.volume.ImageImport;
import io.varve.launcher.volume.VolumeExporter;
import io.varve.lsvd.LogInventory;
import io.varve.lsvd.VolumeCatalog;
import io.varve.lsvd.VolumeException;
import io.varve.lsvd.VolumeInfo;
import io.varve.lsvd.VolumeKeyring;
import io.varve.lsvd.crypto.VolumeKeys;
import io.varve.lsvd.format.Superblock;
import io.varve.lsvd.runtime.EngineRuntime;
import io.varve.lsvd.runtime.SystemRuntime;
import io.varve.lsvd.store.ObjectStore;
import io.varve.lsvd.store.StoreClient;
import io.varve.lsvd.transfer.DifferenceReader;
import io.varve.lsvd.transfer.FileOutput;
import io.varve.lsvd.verify.Finding;
import io.varve.lsvd.verify.Verification;
import io.varve.lsvd.verify.VolumeVerifier;
import java.io.IOException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** Calls that read or write whole volumes. */
final class TransferWork {
    private static final int MAX_FINDINGS = 1000;

    private final VolumeScope scope;

    TransferWork(final VolumeScope scope) {
        this.scope = scope;
    }

    VolumeExportCall.Answer exportTo(final VolumeExportCall call, final CallContext context)
            throws VolumeException, IOException {
        final Path file = absolute(call.path());
        final boolean isDifference = call.from() != null;
        final ImageFormat form = isDifference ? ImageFormat.DIFF : format(call);
        return scope.withStore(call.volume(), call.settings(), (opened, own) -> {
            final VolumeInfo info = new VolumeCatalog(opened).info(call.volume());
            final VolumeExporter exporter = new VolumeExporter(opened, context::isCancelled, context::progress);
            final VolumeExporter.Target target = content -> write(file, content);
            final long bytes = isDifference
                    ? exporter.exportDifference(info, call.from(), call.snapshot(), target)
                    : exporter.export(info, call.snapshot(), form, target);
            return new VolumeExportCall.Answer(file.toString(), bytes);
        });
    }

    private static ImageFormat format(final VolumeExportCall call) {
        final ImageFormat byName = ImageFormat.ofSuffix(call.path());
        final String wanted =
                call.format() != null ? call.format() : byName == null ? ImageFormat.RAW.toString() : byName.toString();
        for (final ImageFormat form : List.of(ImageFormat.RAW, ImageFormat.QCOW2)) {
            if (form.toString().equals(wanted)) {
                return form;
            }
        }
        throw new UserException("volumes are exported as raw or qcow2, not as " + wanted);
    }

    private static void write(final Path file, final VolumeExporter.Content content) throws IOException {
        try (FileOutput output = FileOutput.create(file)) {
            content.writeTo(output);
        } catch (final FileAlreadyExistsException e) {
            throw new UserException(ErrorKind.EXISTS, e.getMessage() + " exists already", e);
        }
    }

    VolumeDescription importFrom(final VolumeImportCall call, final CallContext context)
            throws VolumeException, IOException {
        final String file = absolute(call.path()).toString();
        final VolumeInfo made = scope.withStore(null, call.settings(), (opened, own) -> {
            try (ImageInput input = ImageImport.open(file)) {
                return importFrom(
                        input,
                        call,
                        new ImageImport(
                                opened,
                                own,
                                context::isCancelled,
                                (done, total, bytes) -> context.progress(done, total)),
                        opened);
            }
        });
        return Descriptions.of(made);
    }

    private VolumeInfo importFrom(
            final ImageInput input, final VolumeImportCall call, final ImageImport into, final ObjectStore store)
            throws VolumeException, IOException {
        final ImageFormat form = input.format(call.format());
        if (form != ImageFormat.DIFF) {
            if (call.anyBase()) {
                throw new UserException("any_base is for a difference, and " + call.path() + " is " + form);
            }
            final VolumeInfo made = into.importImage(
                    input, form, new ImageImport.Wanted(call.volume(), call.sizeBytes(), call.allowUnfitStore()));
            scope.tell(Event.Type.CREATED, made.name());
            return made;
        }
        if (call.sizeBytes() != 0) {
            throw new UserException("size_bytes: a difference says what size the volume gets");
        }
        try (DifferenceReader reader = new DifferenceReader(input)) {
            into.importDifference(reader, call.volume(), call.anyBase());
        }
        scope.tell(Event.Type.CHANGED, call.volume());
        return new VolumeCatalog(store).info(call.volume());
    }

    private static Path absolute(final String path) {
        if (!path.startsWith("/")) {
            throw new UserException("path '" + path + "' is not absolute");
        }
        return UserPath.of(path);
    }

    VolumeVerifyCall.Answer verify(final VolumeVerifyCall call, final CallContext context)
            throws VolumeException, IOException {
        return scope.withStore(call.volume(), call.settings(), (opened, own) -> verify(call, context, opened, own));
    }

    private static VolumeVerifyCall.Answer verify(
            final VolumeVerifyCall call, final CallContext context, final ObjectStore opened, final Settings own)
            throws VolumeException, IOException {
        final EngineRuntime runtime = new SystemRuntime();
        final VolumeInfo info = new VolumeCatalog(opened).info(call.volume());
        final Superblock log = LogInventory.superblock(own.get(Setting.CACHE), info.uuid());
        final List<VolumeVerifyCall.Finding> findings = new ArrayList<>();
        final StoreClient client = new StoreClient(opened, runtime, StoreClient.DEFAULT_TIMEOUT_MS);
        final Verification result;
        try (VolumeKeys keys = new VolumeKeyring(client).open(info.uuid(), info.name())) {
            result = new VolumeVerifier(
                            client.withKeys(keys),
                            runtime,
                            info.uuid(),
                            log == null ? List.of() : List.of(log),
                            call.rateBytes(),
                            context::isCancelled,
                            new VolumeVerifier.Listener() {
                                @Override
                                public void onFinding(final Finding finding) {
                                    if (findings.size() < MAX_FINDINGS) {
                                        findings.add(of(finding));
                                    }
                                }

                                @Override
                                public void onProgress(final long objects, final long total, final long bytes) {
                                    context.progress(objects, total);
                                }
                            })
                    .verify();
        }
        return new VolumeVerifyCall.Answer(
                info.name(), info.uuid().toString(), result.isWell(), result.objects(), result.bytes(), findings);
    }

    private static VolumeVerifyCall.Finding of(final Finding finding) {
        return new VolumeVerifyCall.Finding(
                finding.object(),
                finding.problem(),
                finding.snapshot(),
                finding.affected().bytes(),
                finding.affected().count(),
                finding.affected().kept().stream()
                        .map(range -> new BlockRange(range.offset(), range.length()))
                        .toList());
    }
}
