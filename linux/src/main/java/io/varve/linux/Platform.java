package io.varve.linux;

import java.lang.foreign.MemorySegment;

/** Tells whether the bindings can work here at all, in words made for whoever starts the program. */
public final class Platform {
    private Platform() {}

    /**
     * Checks machine, operating system and the permission to make native calls. To be called before anything else of this
     * package, so that the message is not buried in a failing class initialisation.
     *
     * @throws UnsupportedOperationException when the bindings can't work; the message says what to do.
     */
    public static void require() {
        Abi.of(System.getProperty("os.name"), System.getProperty("os.arch"));
        try {
            MemorySegment.NULL.reinterpret(1);
        } catch (final IllegalCallerException e) {
            throw new UnsupportedOperationException(
                    "native access is not enabled: start Java with --enable-native-access=" + moduleName(), e);
        }
    }

    private static String moduleName() {
        final Module module = Platform.class.getModule();
        return module.isNamed() ? module.getName() : "ALL-UNNAMED";
    }
}
