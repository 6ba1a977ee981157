package io.varve.launcher.serve;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;
import static org.awaitility.Awaitility.await;

import io.varve.control.AttachCall;
import io.varve.control.BlockRange;
import io.varve.control.Call;
import io.varve.control.ControlException;
import io.varve.control.ControlVersionCall;
import io.varve.control.DetachCall;
import io.varve.control.ErrorKind;
import io.varve.control.Event;
import io.varve.control.EventsFollowCall;
import io.varve.control.GcPauseCall;
import io.varve.control.GcResumeCall;
import io.varve.control.GcStatusCall;
import io.varve.control.JobCancelCall;
import io.varve.control.JobListCall;
import io.varve.control.JobStatus;
import io.varve.control.JobStatusCall;
import io.varve.control.JobWaitCall;
import io.varve.control.LongCall;
import io.varve.control.Methods;
import io.varve.control.RemovalAnswer;
import io.varve.control.SnapshotCreateCall;
import io.varve.control.SnapshotDescription;
import io.varve.control.SnapshotListCall;
import io.varve.control.SnapshotProtectCall;
import io.varve.control.SnapshotRemoveCall;
import io.varve.control.SnapshotRenameCall;
import io.varve.control.SnapshotRollbackCall;
import io.varve.control.StatusCall;
import io.varve.control.StoreInfoCall;
import io.varve.control.VolumeChangesCall;
import io.varve.control.VolumeCloneCall;
import io.varve.control.VolumeCreateCall;
import io.varve.control.VolumeDescription;
import io.varve.control.VolumeDuCall;
import io.varve.control.VolumeExportCall;
import io.varve.control.VolumeFenceCall;
import io.varve.control.VolumeFlattenCall;
import io.varve.control.VolumeImportCall;
import io.varve.control.VolumeInfoCall;
import io.varve.control.VolumeListCall;
import io.varve.control.VolumeMetadataCall;
import io.varve.control.VolumeRangesCall;
import io.varve.control.VolumeRemoveCall;
import io.varve.control.VolumeRenameCall;
import io.varve.control.VolumeResizeCall;
import io.varve.control.VolumeSetCall;
import io.varve.control.VolumeSettingsFields;
import io.varve.control.VolumeVerifyCall;
import io.varve.control.rpc.ControlClient;
import io.varve.testsupport.BlkRequest;
import io.varve.testsupport.FrontEnd;
import io.varve.testsupport.FrontEndOptions;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** The methods of the control socket, over the socket of a daemon that is a process of its own. */
@Timeout(120)
class ControlTest {
    private static final Map<String, String> NONE = Map.of();
    private static final long SIZE = 64 << 20;

    @TempDir
    private static Path home;

    private static VarveProcess daemon;

    private ControlClient client;

    @BeforeAll
    static void startDaemon() throws IOException, InterruptedException {
        daemon = VarveProcess.daemon(home, "--cache-size", "32M");
    }

    @AfterAll
    static void endDaemon() throws IOException, InterruptedException {
        daemon.close();
    }

    @BeforeEach
    void connect() {
        client = ControlClient.connect(VarveProcess.control(home));
    }

    @AfterEach
    void disconnect() {
        client.close();
    }

    private VolumeDescription create(final String name) {
        return client.call(
                new VolumeCreateCall(name, SIZE, new VolumeSettingsFields(null, 0, 0, 0, null), false, null, NONE));
    }

    private static AttachCall attach(final String name, final boolean isReadOnly, final boolean untilDisconnect) {
        return new AttachCall(
                name,
                null,
                new AttachCall.Nbd(List.of(), null),
                new AttachCall.Opening(isReadOnly, false, false, false, false),
                NONE,
                untilDisconnect);
    }

    private static AttachCall attach(final String name, final boolean isReadOnly, final Map<String, String> settings) {
        final AttachCall call = attach(name, isReadOnly, false);
        return new AttachCall(name, null, call.nbd(), call.opening(), settings, false);
    }

    private ErrorKind refusal(final Call<?> call) {
        return catchThrowableOfType(ControlException.class, () -> client.call(call))
                .kind();
    }

    private String message(final Call<?> call) {
        return catchThrowableOfType(ControlException.class, () -> client.call(call))
                .getMessage();
    }

    private boolean isAttached(final String volume) {
        return client.call(new StatusCall(null)).volumes().stream()
                .anyMatch(one -> one.volume().equals(volume));
    }

    @Test
    void tellsItsVersionAndWhatItUnderstands() {
        final ControlVersionCall.Answer answer = client.call(new ControlVersionCall(1));
        assertThat(answer.protocol()).isEqualTo(ControlVersionCall.CURRENT);
        assertThat(answer.methods()).containsExactlyElementsOf(Methods.names());
        assertThat(refusal(new ControlVersionCall(1000))).isEqualTo(ErrorKind.INVALID);
        assertThat(message(new ControlVersionCall(1000)))
                .isEqualTo("this daemon speaks version " + ControlVersionCall.CURRENT
                        + " of the control protocol, and version 1000 is needed: update the daemon");
    }

    @Test
    void aVolumeThroughItsLife() {
        final VolumeDescription made = create("life");
        assertThat(made.contents().sizeBytes()).isEqualTo(SIZE);
        assertThat(made.contents().settings().durability()).isEqualTo("log");
        assertThat(client.call(new VolumeInfoCall("life", NONE)).uuid()).isEqualTo(made.uuid());
        assertThat(client.call(new VolumeListCall(null, 0, false, NONE)).volumes())
                .extracting(VolumeDescription::name)
                .contains("life");
        assertThat(client.call(new VolumeDuCall("life", NONE)).mappedBytes()).isZero();
        assertThat(client.call(new VolumeSetCall("life", Map.of("durability", "store"), NONE))
                        .contents()
                        .settings()
                        .durability())
                .isEqualTo("store");
        assertThat(client.call(new VolumeResizeCall("life", 2 * SIZE, false, NONE))
                        .contents()
                        .sizeBytes())
                .isEqualTo(2 * SIZE);

        assertThat(client.call(attach("life", false, false)).sizeBytes()).isEqualTo(2 * SIZE);
        assertThat(client.call(new GcPauseCall("life")).space().collection().gcPaused())
                .isTrue();
        assertThat(client.call(new GcStatusCall("life")).gcSpace()).isPositive();
        assertThat(client.call(new GcResumeCall("life")).space().collection().gcPaused())
                .isFalse();
        assertThat(client.call(new VolumeResizeCall("life", 3 * SIZE, false, NONE))
                        .contents()
                        .sizeBytes())
                .isEqualTo(3 * SIZE);
        assertThat(client.call(new SnapshotCreateCall("life", "live", NONE)).takenUs())
                .isNotNull();
        assertThat(client.call(new DetachCall("life", false)).left().unsentBytes())
                .isZero();
        assertThat(client.call(new DetachCall("life", false)).left()).isNull();

        assertThat(client.call(new SnapshotRenameCall("life", "live", "then", NONE))
                        .name())
                .isEqualTo("then");
        assertThat(client.call(new SnapshotProtectCall("life", "then", true, NONE))
                        .isProtected())
                .isTrue();
        assertThat(client.call(new SnapshotProtectCall("life", "then", false, NONE))
                        .isProtected())
                .isFalse();
        assertThat(client.call(new SnapshotListCall("life", null, 0, NONE)).snapshots())
                .hasSize(1);
        assertThat(client.call(new VolumeCloneCall("copy", "life@then", 0, NONE, null, NONE))
                        .name())
                .isEqualTo("copy");
        assertThat(client.call(new VolumeInfoCall("copy", NONE)).origin().parent())
                .isEqualTo("life@then");
        assertThat(refusal(new VolumeRemoveCall("life", NONE))).isEqualTo(ErrorKind.HAS_CHILDREN);
        assertThat(client.call(new VolumeFlattenCall("copy", NONE)).flat()).isTrue();
        assertThat(client.call(new SnapshotRollbackCall("life", "then", NONE)).name())
                .isEqualTo("life");
        assertThat(client.call(new SnapshotRemoveCall("life", "then", NONE)).removed())
                .isTrue();
        assertThat(client.call(new VolumeRemoveCall("life", NONE)).removed()).isTrue();
        assertThat(client.call(new VolumeRemoveCall("life", NONE)).removed()).isFalse();
        client.call(new VolumeRemoveCall("copy", NONE));
    }

    @Test
    void everyRefusalTellsItsKind() {
        create("kinds");
        assertThat(refusal(new VolumeInfoCall("nobody", NONE))).isEqualTo(ErrorKind.NOT_FOUND);
        assertThat(refusal(new StatusCall("kinds"))).isEqualTo(ErrorKind.NOT_FOUND);
        assertThat(refusal(new GcStatusCall("kinds"))).isEqualTo(ErrorKind.NOT_FOUND);
        assertThat(refusal(new JobStatusCall("x-1"))).isEqualTo(ErrorKind.NOT_FOUND);
        assertThat(refusal(new SnapshotRenameCall("kinds", "none", "other", NONE)))
                .isEqualTo(ErrorKind.NOT_FOUND);
        assertThat(refusal(new VolumeCreateCall(
                        "kinds", SIZE, new VolumeSettingsFields(null, 0, 0, 0, null), false, null, NONE)))
                .isEqualTo(ErrorKind.EXISTS);
        assertThat(refusal(new VolumeCreateCall(
                        "other", SIZE, new VolumeSettingsFields("well", 0, 0, 0, null), false, null, NONE)))
                .isEqualTo(ErrorKind.INVALID);
        assertThat(refusal(new VolumeSetCall("kinds", Map.of("colour", "red"), NONE)))
                .isEqualTo(ErrorKind.INVALID);
        client.call(new SnapshotCreateCall("kinds", "s", NONE));
        assertThat(refusal(new SnapshotCreateCall("kinds", "s", NONE))).isEqualTo(ErrorKind.EXISTS);
        client.call(new SnapshotProtectCall("kinds", "s", true, NONE));
        assertThat(refusal(new SnapshotRemoveCall("kinds", "s", NONE))).isEqualTo(ErrorKind.PROTECTED);
        client.call(new VolumeCloneCall("kin", "kinds@s", 0, NONE, null, NONE));
        assertThat(refusal(new SnapshotRemoveCall("kinds", "s", NONE))).isEqualTo(ErrorKind.HAS_CHILDREN);
        client.call(attach("kinds", true, false));
        assertThat(refusal(attach("kinds", false, false))).isEqualTo(ErrorKind.BUSY);
        assertThat(refusal(new VolumeRemoveCall("kinds", NONE))).isEqualTo(ErrorKind.BUSY);
        assertThat(refusal(new GcPauseCall("kinds"))).isEqualTo(ErrorKind.READ_ONLY);
        client.call(new DetachCall("kinds", false));
        assertThat(refusal(new VolumeListCall(null, 0, false, Map.of("store", "file://" + home.resolve("nowhere")))))
                .isEqualTo(ErrorKind.UNAVAILABLE);
    }

    /** Options of the commands are refused that can have no effect; so are settings of a call. */
    @Test
    void settingsThatCanHaveNoEffectAreRefused() {
        create("useless");
        assertThat(message(attach("useless", false, Map.of("s3-region", "here"))))
                .startsWith("--s3-region: store file://")
                .endsWith(" is a directory: leave it out, or name an s3:// store with --store");
        assertThat(message(attach("useless", true, Map.of("cache-size", "64M"))))
                .startsWith("--cache-size");
        assertThat(message(attach("useless", true, Map.of("gc-rate", "1M")))).startsWith("--gc-rate");
        assertThat(message(new VolumeListCall(null, 0, false, Map.of("s3-endpoint", "http://127.0.0.1:9"))))
                .startsWith("--s3-endpoint: store file://");
        assertThat(refusal(new SnapshotListCall("useless", null, 0, Map.of("s3-path-style", "true"))))
                .isEqualTo(ErrorKind.INVALID);
    }

    @Test
    void aJobAnswersAtOnceAndCanBeWaitedFor() {
        create("doomed");
        final VolumeRemoveCall remove = new VolumeRemoveCall("doomed", NONE);
        final JobStatus job = client.start(remove, false);
        assertThat(job.method()).isEqualTo("volume.remove");
        assertThat(client.await(remove, job)).isEqualTo(new RemovalAnswer("doomed", true));
        assertThat(client.call(new JobStatusCall(job.job())).state()).isEqualTo(JobStatus.State.DONE);
        assertThat(client.call(new JobCancelCall(job.job())).state()).isEqualTo(JobStatus.State.DONE);
        assertThat(client.call(new JobListCall()).jobs())
                .extracting(JobStatus::job)
                .contains(job.job());

        final VolumeDuCall usage = new VolumeDuCall("nobody", NONE);
        final JobStatus failed =
                client.call(new JobWaitCall(client.start(usage, true).job(), 60_000));
        assertThat(failed.state()).isEqualTo(JobStatus.State.FAILED);
        assertThat(failed.error().kind()).isEqualTo(ErrorKind.NOT_FOUND);
        assertThat(catchThrowableOfType(ControlException.class, () -> client.await(usage, failed))
                        .kind())
                .isEqualTo(ErrorKind.NOT_FOUND);
    }

    /** A disk of so many bytes, with data at its beginning and at some block. */
    private static Path image(final String name, final long sizeBytes, final int block) throws IOException {
        final Path file = home.resolve(name);
        try (FileChannel channel = FileChannel.open(file, StandardOpenOption.CREATE, StandardOpenOption.WRITE)) {
            channel.write(ByteBuffer.wrap(new byte[] {1}), 0);
            channel.write(ByteBuffer.wrap(new byte[] {2}), 4096L * block);
            channel.write(ByteBuffer.wrap(new byte[1]), sizeBytes - 1);
        }
        return file;
    }

    private <R extends Record> R asJob(final LongCall<R> call) {
        return client.await(call, client.start(call, false));
    }

    @Test
    void imagesAndDifferencesComeAndGo() throws IOException {
        final Path first = image("first.img", SIZE, 100);
        final VolumeDescription made =
                asJob(new VolumeImportCall("image", first.toString(), null, 0, false, false, NONE));
        assertThat(made.contents().sizeBytes()).isEqualTo(SIZE);
        client.call(new SnapshotCreateCall("image", "s", NONE));
        assertThat(client.call(new VolumeRangesCall("image", null, 0, 1000, NONE)))
                .isEqualTo(new VolumeRangesCall.Answer(
                        SIZE, List.of(new BlockRange(0, 4096), new BlockRange(409600, 4096)), null));
        assertThat(client.call(new VolumeRangesCall("image", "s", 0, 1, NONE)))
                .isEqualTo(new VolumeRangesCall.Answer(SIZE, List.of(new BlockRange(0, 4096)), 409600L));
        assertThat(asJob(new VolumeRangesCall("image", "s", 409600, 1, NONE)).ranges())
                .containsExactly(new BlockRange(409600, 4096));

        final Path copy = home.resolve("copy.raw");
        assertThat(asJob(new VolumeExportCall("image", null, null, copy.toString(), null, NONE)))
                .isEqualTo(new VolumeExportCall.Answer(copy.toString(), 8192));
        assertThat(Files.mismatch(first, copy)).isEqualTo(-1);
        assertThat(refusal(new VolumeExportCall("image", null, null, copy.toString(), null, NONE)))
                .isEqualTo(ErrorKind.EXISTS);
        assertThat(refusal(new VolumeExportCall("image", null, null, "copy", null, NONE)))
                .isEqualTo(ErrorKind.INVALID);
        assertThat(refusal(new VolumeExportCall("image", null, null, home + "/x.vmdk", null, NONE)))
                .isEqualTo(ErrorKind.INVALID);
        assertThat(refusal(new VolumeImportCall("other", home + "/none", null, 0, false, false, NONE)))
                .isEqualTo(ErrorKind.NOT_FOUND);
        assertThat(refusal(new VolumeImportCall("image", first.toString(), null, 0, false, false, NONE)))
                .isEqualTo(ErrorKind.EXISTS);

        final VolumeVerifyCall.Answer verified = asJob(new VolumeVerifyCall("image", 0, NONE));
        assertThat(verified.well()).isTrue();
        assertThat(verified.objects()).isPositive();
        assertThat(verified.findings()).isEmpty();
    }

    @Test
    void whatHasChangedIsToldByPages() throws IOException {
        client.call(
                new VolumeImportCall("changing", image("old.img", SIZE, 100).toString(), null, 0, false, false, NONE));
        client.call(new SnapshotCreateCall("changing", "old", NONE));
        assertThat(client.call(new VolumeChangesCall("changing", "old", null, 0, 10, NONE)))
                .isEqualTo(new VolumeChangesCall.Answer(SIZE, List.of(), List.of(), null));

        client.call(attach("changing", false, false));
        try (FrontEnd guest = FrontEnd.started(home.resolve("changing.vhost.sock"), FrontEndOptions.DEFAULT)) {
            assertThat(guest.run(BlkRequest.discard(100 * 4096, 4096)).status()).isEqualTo(BlkRequest.OK);
            assertThat(guest.run(BlkRequest.writeZeroes(0, 4096, true)).status())
                    .isEqualTo(BlkRequest.OK);
            assertThat(guest.run(BlkRequest.write(200 * 4096, new byte[4096])).status())
                    .isEqualTo(BlkRequest.OK);
        }
        client.call(new DetachCall("changing", false));
        client.call(new SnapshotCreateCall("changing", "new", NONE));
        final VolumeChangesCall.Answer all = client.call(new VolumeChangesCall("changing", "old", "new", 0, 10, NONE));
        assertThat(all.written()).containsExactly(new BlockRange(200 * 4096, 4096));
        assertThat(all.discarded()).containsExactly(new BlockRange(0, 4096), new BlockRange(100 * 4096, 4096));
        final VolumeChangesCall.Answer page = asJob(new VolumeChangesCall("changing", "old", "new", 0, 2, NONE));
        assertThat(page.written()).isEmpty();
        assertThat(page.discarded()).hasSize(2);
        assertThat(page.next()).isEqualTo(200 * 4096);
        final Path difference = home.resolve("changed.vdiff");
        client.call(new VolumeExportCall("changing", "new", "old", difference.toString(), null, NONE));
        client.call(new VolumeCloneCall("behind", "changing@old", 0, NONE, null, NONE));
        client.call(new VolumeImportCall("behind", difference.toString(), null, 0, false, false, NONE));
        assertThat(client.call(new VolumeRangesCall("behind", null, 0, 10, NONE))
                        .ranges())
                .containsExactly(new BlockRange(200 * 4096, 4096));
    }

    @Test
    void aWriterIsShutOut() throws IOException {
        create("fenced");
        assertThat(client.call(new VolumeFenceCall("fenced", NONE)).state()).isEqualTo("closed");
        final Map<String, String> cache =
                Map.of("cache", home.resolve("elsewhere").toString());
        client.call(attach("fenced", false, cache));
        try (FrontEnd guest = FrontEnd.started(home.resolve("fenced.vhost.sock"), FrontEndOptions.DEFAULT)) {
            assertThat(guest.run(BlkRequest.flush()).status()).isEqualTo(BlkRequest.OK);
            final VolumeFenceCall.Answer fenced = client.call(new VolumeFenceCall("fenced", NONE));
            assertThat(fenced.state()).isEqualTo("fenced");
            assertThat(fenced.writer().writer()).contains("process");
        }
        client.call(new DetachCall("fenced", true));
    }

    @Test
    void aStoreTellsItsRoom() {
        create("roomy");
        final StoreInfoCall.Answer store = client.call(new StoreInfoCall(NONE));
        assertThat(store.url()).startsWith("file://");
        assertThat(store.availableBytes()).isBetween(1L, store.totalBytes());
        assertThat(client.call(new StoreInfoCall(Map.of("store", "s3://nowhere", "s3-region", "here")))
                        .totalBytes())
                .isNull();
    }

    private VolumeDescription create(final String name, final long sizeBytes, final String token) {
        return client.call(new VolumeCreateCall(
                name, sizeBytes, new VolumeSettingsFields(null, 0, 0, 0, null), false, token, NONE));
    }

    @Test
    void aTokenMakesAVolumeOnce() {
        final String name = "volume-" + UUID.randomUUID();
        final VolumeDescription first = create(name, SIZE, "request-1");
        assertThat(create(name, SIZE, "request-1").uuid()).isEqualTo(first.uuid());
        assertThat(kindOf(() -> create(name, SIZE, "request-2"))).isEqualTo(ErrorKind.EXISTS);
        assertThat(kindOf(() -> create(name, 2 * SIZE, "request-1"))).isEqualTo(ErrorKind.EXISTS);
        assertThat(kindOf(() -> create(name, SIZE, null))).isEqualTo(ErrorKind.EXISTS);
        assertThat(kindOf(() -> create("other", SIZE, "x".repeat(129)))).isEqualTo(ErrorKind.INVALID);
        final String snapshot = "snapshot-" + UUID.randomUUID();
        client.call(new SnapshotCreateCall(name, snapshot, NONE));
        final VolumeCloneCall cloning = new VolumeCloneCall("once", name + "@" + snapshot, 0, NONE, "request-3", NONE);
        assertThat(client.call(cloning).uuid()).isEqualTo(client.call(cloning).uuid());
        assertThat(kindOf(() ->
                        client.call(new VolumeCloneCall("once", name + "@" + snapshot, 0, NONE, "request-4", NONE))))
                .isEqualTo(ErrorKind.EXISTS);
    }

    private static ErrorKind kindOf(final ThrowingCallable refused) {
        return catchThrowableOfType(ControlException.class, refused).kind();
    }

    @Test
    void aVolumeIsFoundByItsUuidAndKeepsItWithAnotherName() {
        final String uuid = create("before").uuid();
        assertThat(client.call(new VolumeInfoCall(uuid, NONE)).name()).isEqualTo("before");
        client.call(attach(uuid, false, false));
        assertThat(client.call(new StatusCall(uuid)).volumes().getFirst().volume())
                .isEqualTo("before");
        assertThat(refusal(new VolumeRenameCall(uuid, "after", NONE))).isEqualTo(ErrorKind.BUSY);
        assertThat(client.call(new SnapshotCreateCall(uuid, "s", NONE)).takenUs())
                .isNotNull();
        assertThat(client.call(new DetachCall(uuid, false)).volume()).isEqualTo("before");
        assertThat(client.call(new VolumeRenameCall("before", "after", NONE)).name())
                .isEqualTo("after");
        assertThat(refusal(new VolumeInfoCall("before", NONE))).isEqualTo(ErrorKind.NOT_FOUND);
        assertThat(client.call(new VolumeInfoCall(uuid, NONE)).name()).isEqualTo("after");
        assertThat(client.call(new VolumeCloneCall("of-uuid", uuid + "@s", 0, NONE, null, NONE))
                        .name())
                .isEqualTo("of-uuid");
        create("taken");
        assertThat(refusal(new VolumeRenameCall("after", "taken", NONE))).isEqualTo(ErrorKind.EXISTS);
        final String nobody = UUID.randomUUID().toString();
        assertThat(refusal(new VolumeInfoCall(nobody, NONE))).isEqualTo(ErrorKind.NOT_FOUND);
        assertThat(client.call(new VolumeRemoveCall(nobody, NONE)).removed()).isFalse();
        assertThat(client.call(new DetachCall(nobody, false)).detached()).isFalse();
    }

    @Test
    void metadataIsKeptWithTheVolume() {
        create("noted");
        assertThat(metadata(Map.of(), List.of())).isEmpty();
        assertThat(metadata(Map.of("owner", "alice", "draft", "yes"), List.of()))
                .hasSize(2);
        assertThat(metadata(Map.of("owner", "Bob \u00e9"), List.of("draft", "none")))
                .isEqualTo(Map.of("owner", "Bob \u00e9"));
        assertThat(metadata(Map.of(), List.of())).containsKey("owner");
        assertThat(refusal(new VolumeMetadataCall("noted", Map.of("k".repeat(256), "v"), List.of(), NONE)))
                .isEqualTo(ErrorKind.INVALID);
        assertThat(metadata(Map.of("a", "x".repeat(40 << 10)), List.of())).hasSize(2);
        assertThat(refusal(new VolumeMetadataCall("noted", Map.of("b", "x".repeat(40 << 10)), List.of(), NONE)))
                .isEqualTo(ErrorKind.INVALID);
    }

    private Map<String, String> metadata(final Map<String, String> set, final List<String> remove) {
        return client.call(new VolumeMetadataCall("noted", set, remove, NONE)).metadata();
    }

    @Test
    void listsComeByPages() throws IOException {
        final Map<String, String> store = Map.of("store", "file://" + Files.createDirectory(home.resolve("pages")));
        for (final String name : List.of("a", "b", "c")) {
            client.call(
                    new VolumeCreateCall(name, SIZE, new VolumeSettingsFields(null, 0, 0, 0, null), true, null, store));
        }
        assertThat(client.call(new VolumeListCall(null, 0, true, store)))
                .isEqualTo(new VolumeListCall.Answer(List.of(), List.of("a", "b", "c"), null));
        final VolumeListCall.Answer first = client.call(new VolumeListCall(null, 2, false, store));
        assertThat(first.volumes()).extracting(VolumeDescription::name).containsExactly("a", "b");
        final VolumeListCall.Answer second = client.call(new VolumeListCall(first.next(), 2, false, store));
        assertThat(second.volumes()).extracting(VolumeDescription::name).containsExactly("c");
        assertThat(second.next()).isNull();
        for (final String name : List.of("x", "y", "z")) {
            client.call(new SnapshotCreateCall("a", name, store));
        }
        final SnapshotListCall.Answer older = client.call(new SnapshotListCall("a", null, 2, store));
        assertThat(older.snapshots()).hasSize(2);
        assertThat(client.call(new SnapshotListCall("a", older.next(), 2, store))
                        .snapshots())
                .extracting(SnapshotDescription::name)
                .containsExactly("z");
    }

    @Test
    void onlyWhatTakesLongCanBeAJob() throws IOException {
        try (RawClient raw = new RawClient(VarveProcess.control(home))) {
            raw.send("{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"status\",\"params\":{\"job\":true}}\n");
            assertThat(raw.line()).contains("\"code\":-32602", "unknown parameter 'job'", "\"kind\":\"invalid\"");
        }
    }

    @Test
    void changesAreToldOf() {
        try (ControlClient follower = ControlClient.connect(VarveProcess.control(home))) {
            follower.follow(new EventsFollowCall("told"));
            create("told");
            client.call(new VolumeResizeCall("told", 2 * SIZE, false, NONE));
            client.call(new VolumeSetCall("told", Map.of("durability", "store"), NONE));
            client.call(attach("told", false, false));
            client.call(new SnapshotCreateCall("told", "s", NONE));
            client.call(new SnapshotRenameCall("told", "s", "t", NONE));
            client.call(new DetachCall("told", false));
            client.call(new SnapshotRollbackCall("told", "t", NONE));
            client.call(new SnapshotRemoveCall("told", "t", NONE));
            client.call(new VolumeRemoveCall("told", NONE));
            expect(follower, Event.Type.CREATED, null);
            expect(follower, Event.Type.RESIZED, null);
            expect(follower, Event.Type.CHANGED, null);
            expect(follower, Event.Type.ATTACHED, null);
            expect(follower, Event.Type.SNAPSHOT_CREATED, "s");
            expect(follower, Event.Type.SNAPSHOT_CHANGED, "t");
            expect(follower, Event.Type.ENDED, null);
            expect(follower, Event.Type.ROLLED_BACK, "t");
            expect(follower, Event.Type.SNAPSHOT_REMOVED, "t");
            expect(follower, Event.Type.REMOVED, null);
        }
    }

    private static void expect(final ControlClient follower, final Event.Type type, final String snapshot) {
        final Event event = follower.nextEvent();
        assertThat(event.event()).isEqualTo(type);
        assertThat(event.volume()).isEqualTo("told");
        assertThat(event.snapshot()).isEqualTo(snapshot);
    }

    @Test
    void anAttachmentEndsWithTheLastConnectionThatHoldsIt() throws IOException {
        create("held");
        try (ControlClient follower = ControlClient.connect(VarveProcess.control(home))) {
            follower.follow(new EventsFollowCall("held"));
            try (ControlClient second = ControlClient.connect(VarveProcess.control(home))) {
                try (ControlClient first = ControlClient.connect(VarveProcess.control(home))) {
                    first.call(attach("held", false, true));
                    second.call(attach("held", false, true));
                    assertThat(refusal(attach("held", true, true))).isEqualTo(ErrorKind.BUSY);
                }
                assertThat(second.call(new StatusCall("held")).volumes()).hasSize(1);
                assertThat(Files.readString(Path.of(VarveProcess.control(home) + ".attached")))
                        .doesNotContain("held");
            }
            assertThat(follower.nextEvent().event()).isEqualTo(Event.Type.ATTACHED);
            assertThat(follower.nextEvent().event()).isEqualTo(Event.Type.ENDED);

            try (ControlClient first = ControlClient.connect(VarveProcess.control(home))) {
                first.call(attach("held", false, true));
                client.call(attach("held", false, false));
            }
            assertThat(isAttached("held")).isTrue();
            try (ControlClient other = ControlClient.connect(VarveProcess.control(home))) {
                other.call(attach("held", false, true));
                client.call(new DetachCall("held", false));
            }
            assertThat(isAttached("held")).isFalse();
        }
    }

    @Test
    void aClientThatGoesWhileItsVolumeIsOpenedLeavesNothing() throws IOException {
        final Path away = home.resolve("away");
        Files.createDirectories(away);
        final Map<String, String> store = Map.of("store", "file://" + away);
        client.call(
                new VolumeCreateCall("waits", SIZE, new VolumeSettingsFields(null, 0, 0, 0, null), false, null, store));
        final Path claims = away.resolve("names").resolve("waits");
        final Path claim;
        try (var files = Files.list(claims)) {
            claim = files.findFirst().orElseThrow();
        }
        final byte[] content = Files.readAllBytes(claim);
        Files.delete(claim);
        assertThat(runs("mkfifo", claim.toString())).isZero();
        try (ControlClient follower = ControlClient.connect(VarveProcess.control(home));
                RawClient raw = new RawClient(VarveProcess.control(home))) {
            follower.follow(new EventsFollowCall("waits"));
            raw.send("{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"attach\",\"params\":{\"volume\":\"waits\","
                    + "\"until_disconnect\":true,\"settings\":{\"store\":\"file://" + away + "\"}}}\n");
            await().until(() -> isAttached("waits"));
        }
        await().until(() -> !isAttached("waits"));
        Files.delete(claim);
        Files.write(claim, content);
    }

    private static int runs(final String... command) throws IOException {
        try {
            return new ProcessBuilder(command).start().waitFor();
        } catch (final InterruptedException e) {
            throw new IOException(e);
        }
    }
}
