package io.varve.linux;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.junit.jupiter.api.extension.AfterEachCallback;
import org.junit.jupiter.api.extension.BeforeEachCallback;
import org.junit.jupiter.api.extension.ExtensionContext;

/** Fails a test that leaves a descriptor open. What the JVM and the test runner open for themselves is not counted. */
final class NoFdLeaks implements BeforeEachCallback, AfterEachCallback {
    private static final ExtensionContext.Namespace NAMESPACE = ExtensionContext.Namespace.create(NoFdLeaks.class);
    private static final Path SELF = Path.of("/proc/self/fd");

    @Override
    public void beforeEach(final ExtensionContext context) {
        context.getStore(NAMESPACE).put("open", open());
    }

    @Override
    public void afterEach(final ExtensionContext context) {
        final Map<?, ?> before = context.getStore(NAMESPACE).get("open", Map.class);
        final Map<Integer, String> leaked = open();
        before.forEach((fd, target) -> leaked.remove(fd, target));
        if (!leaked.isEmpty()) {
            throw new AssertionError("left open: " + leaked);
        }
    }

    /** The open descriptors and what they are. */
    static Map<Integer, String> open() {
        final Map<Integer, String> open = new TreeMap<>();
        try (Stream<Path> entries = Files.list(SELF)) {
            entries.forEach(entry -> {
                try {
                    final String target = Files.readSymbolicLink(entry).toString();
                    if (!isForeign(target)) {
                        open.put(Integer.valueOf(entry.getFileName().toString()), target);
                    }
                } catch (final IOException e) {
                    // Gone again: it was that of the listing itself.
                }
            });
        } catch (final IOException e) {
            throw new UncheckedIOException(e);
        }
        return open;
    }

    private static boolean isForeign(final String target) {
        return target.endsWith(".jar")
                || target.startsWith("/proc/")
                || target.startsWith("/dev/")
                || target.contains("/surefire");
    }
}
