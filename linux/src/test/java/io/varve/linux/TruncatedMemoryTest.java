package io.varve.linux;

import static org.assertj.core.api.Assertions.assertThat;

import java.lang.foreign.MemorySegment;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.LongConsumer;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Every access that {@link Memory} offers, to memory that has lost its file's bytes: it throws, and does not kill the process. How
 * the JVM carries an access out depends on whether it has compiled it, so each way runs in a process of its own.
 */
@Timeout(60)
class TruncatedMemoryTest {
    private static final int PAGE = 4096;

    @ParameterizedTest
    @ValueSource(strings = {"-Xint", "-XX:TieredStopAtLevel=1", "-XX:-TieredCompilation"})
    void throwsAndLivesOn(final String mode) throws Exception {
        final Process process = new ProcessBuilder(
                        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                        mode,
                        "-XX:ErrorFile=target/hs_err_truncated.log",
                        "-XX:+UseSerialGC",
                        "--enable-native-access=ALL-UNNAMED",
                        "-cp",
                        System.getProperty("java.class.path"),
                        TruncatedMemoryTest.class.getName(),
                        mode.equals("-Xint") ? "0" : "20000")
                .redirectErrorStream(true)
                .start();
        final String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        assertThat(process.waitFor()).as(output).isZero();
        assertThat(output.lines().filter(line -> line.startsWith("caught")))
                .as(output)
                .hasSize(accesses().size());
    }

    /** Makes each access: as often as told to memory that is there, then to memory that is not. */
    public static void main(final String[] args) throws ErrnoException {
        final int warmUp = Integer.parseInt(args[0]);
        try (MemFd file = MemFd.create("truncated", 2L * PAGE);
                Mapping gone = Mapping.ofFile(file.fd(), 0, 2L * PAGE);
                Mapping there = Memory.allocate(2L * PAGE)) {
            file.resize(0);
            accesses().forEach((name, access) -> {
                for (int i = 0; i < warmUp; i++) {
                    access.accept(there.address());
                }
                try {
                    access.accept(gone.address());
                    System.out.println("nothing happened: " + name);
                } catch (final InternalError e) {
                    System.out.println("caught " + name);
                }
            });
        }
    }

    private static volatile long sink;

    private static Map<String, LongConsumer> accesses() {
        final byte[] bytes = new byte[64];
        final long[] longs = new long[64];
        final Map<String, LongConsumer> result = new TreeMap<>();
        result.put("getByte", at -> sink = Memory.getByte(at));
        result.put("putByte", at -> Memory.putByte(at, (byte) 1));
        result.put("getShort", at -> sink = Memory.getShort(at));
        result.put("putShort", at -> Memory.putShort(at, (short) 1));
        result.put("getInt", at -> sink = Memory.getInt(at));
        result.put("putInt", at -> Memory.putInt(at, 1));
        result.put("getLong", at -> sink = Memory.getLong(at));
        result.put("putLong", at -> Memory.putLong(at, 1));
        result.put("getShortAcquire", at -> sink = Memory.getShortAcquire(at));
        result.put("putShortRelease", at -> Memory.putShortRelease(at, (short) 1));
        result.put("getIntOpaque", at -> sink = Memory.getIntOpaque(at));
        result.put("getIntAcquire", at -> sink = Memory.getIntAcquire(at));
        result.put("putIntRelease", at -> Memory.putIntRelease(at, 1));
        result.put("getLongAcquire", at -> sink = Memory.getLongAcquire(at));
        result.put("putLongRelease", at -> Memory.putLongRelease(at, 1));
        result.put("getAndOrByte", at -> sink = Memory.getAndOrByte(at + 1, (byte) 1));
        result.put("copy", at -> Memory.copy(at, at + PAGE, PAGE));
        result.put("copyOut", at -> Memory.copy(at, bytes, 0, bytes.length));
        result.put("copyIn", at -> Memory.copy(bytes, 0, at, bytes.length));
        result.put("copyToSegment", at -> MemorySegment.copy(Memory.ALL, at, MemorySegment.ofArray(longs), 0, 512));
        result.put("zero", at -> Memory.zero(at, PAGE));
        result.put("fill", at -> Memory.fill(at, 24, (byte) 7));
        return result;
    }
}
