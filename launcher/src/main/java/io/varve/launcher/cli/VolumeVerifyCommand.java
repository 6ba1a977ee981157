package io.varve.launcher.cli;

import io.varve.launcher.ExitStatus;
import io.varve.launcher.UserException;
import io.varve.launcher.config.ByteSize;
import io.varve.lsvd.LogInventory;
import io.varve.lsvd.VolumeCatalog;
import io.varve.lsvd.VolumeException;
import io.varve.lsvd.VolumeInfo;
import io.varve.lsvd.VolumeKeyring;
import io.varve.lsvd.crypto.VolumeKeys;
import io.varve.lsvd.format.Superblock;
import io.varve.lsvd.runtime.EngineRuntime;
import io.varve.lsvd.runtime.SystemRuntime;
import io.varve.lsvd.scan.Cancellation;
import io.varve.lsvd.store.ObjectStore;
import io.varve.lsvd.store.StoreClient;
import io.varve.lsvd.verify.Finding;
import io.varve.lsvd.verify.Ranges;
import io.varve.lsvd.verify.Verification;
import io.varve.lsvd.verify.VolumeVerifier;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Collectors;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code varve volume verify}. */
@Command(
        name = "verify",
        description =
                "Read everything that a volume and its snapshots need of the store, and check every checksum and reference. A daemon"
                        + " may have the volume open meanwhile. A log of the volume on this host says what must be there besides.",
        footerHeading = "%nExit status:%n",
        footer = {
            "  0 all is well; 1 something is damaged, and a line for each object says what; 2 it can't be checked.",
            "",
            "Example:",
            "  varve volume verify data --rate 50M",
        })
final class VolumeVerifyCommand extends InterruptibleCommand {
    private static final int MAX_RANGES_TOLD = 8;

    @Parameters(paramLabel = "NAME", description = "Name of the volume.")
    private String name;

    @Mixin
    private StoreOption store;

    @Mixin
    private CacheOption cache;

    @Option(
            names = "--rate",
            paramLabel = "SIZE",
            description = "Read at most so much in a second (default: 0, as much as there is).")
    private String rate = "0";

    @Option(names = "--json", description = "Answer in JSON, with all that is damaged.")
    private boolean json;

    private final List<Finding> findings = new ArrayList<>();

    private long bytesPerSecond;

    @Override
    void prepare() {
        bytesPerSecond = parseRate();
    }

    @Override
    ObjectStore openStore() {
        return store.open(settings(), false);
    }

    @Override
    int run(final ObjectStore opened, final Cancellation cancellation) throws VolumeException {
        final EngineRuntime runtime = new SystemRuntime();
        final VolumeInfo info = new VolumeCatalog(opened).info(name);
        final Superblock log = LogInventory.superblock(cache.directory(settings()), info.uuid());
        final StoreClient client = new StoreClient(opened, runtime, StoreClient.DEFAULT_TIMEOUT_MS);
        try (VolumeKeys keys = new VolumeKeyring(client).open(info.uuid(), name)) {
            final VolumeVerifier verifier = new VolumeVerifier(
                    client.withKeys(keys),
                    runtime,
                    info.uuid(),
                    log == null ? List.of() : List.of(log),
                    bytesPerSecond,
                    cancellation,
                    new Listener());
            final Verification result = verifier.verify();
            progress().clear();
            tell(info, result);
            return result.isWell() ? ExitStatus.OK : ExitStatus.FAILED;
        } catch (final IOException e) {
            throw new UserException(describe(e), e);
        }
    }

    @Override
    String remains() {
        return findings.isEmpty() ? "nothing damaged was found so far" : "so much was found so far";
    }

    @Override
    String describe(final IOException e) {
        return "volume '" + name + "' can't be verified: " + e.getMessage();
    }

    private long parseRate() {
        try {
            return ByteSize.parse(rate);
        } catch (final UserException e) {
            throw new UserException("--rate: " + e.getMessage(), e);
        }
    }

    private final class Listener implements VolumeVerifier.Listener {
        @Override
        public void onFinding(final Finding finding) {
            findings.add(finding);
            if (!json) {
                progress().clear();
                out().println(finding.object() + " " + finding.problem() + ": " + describe(finding));
                out().flush();
            }
        }

        @Override
        public void onProgress(final long objects, final long total, final long bytes) {
            progress().show("verified", objects, total, bytes);
        }
    }

    private void tell(final VolumeInfo info, final Verification result) {
        if (json) {
            out().println(JsonOutput.verification(info, result, findings));
            return;
        }
        final String read = result.objects() + " objects, " + ByteSize.format(result.bytes()) + " read";
        final long affected =
                findings.stream().mapToLong(one -> one.affected().bytes()).sum();
        out().println("Volume " + name + ": " + read + ", "
                + (result.isWell()
                        ? "all is well."
                        : result.findings() + " of them damaged, which affects " + ByteSize.format(affected)
                                + " bytes of the volume."));
    }

    private static String describe(final Finding finding) {
        final Ranges affected = finding.affected();
        if (affected.count() == 0) {
            return "nothing in use is affected";
        }
        final String told = affected.kept().stream()
                .limit(MAX_RANGES_TOLD)
                .map(one -> one.offset() + "-" + (one.offset() + one.length() - 1))
                .collect(Collectors.joining(", "));
        final long more = affected.count() - MAX_RANGES_TOLD;
        return "affects bytes " + told
                + (more > 0 ? " and " + more + " more ranges, " + affected.bytes() + " bytes in all" : "")
                + (finding.snapshot() == null ? "" : " of snapshot '" + finding.snapshot() + "'");
    }
}
