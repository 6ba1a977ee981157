package io.varve.launcher.daemon;

import java.lang.reflect.Proxy;

/**
 * SIGTERM and SIGINT, counted. The first asks the daemon to end, the next to hurry.
 *
 * <p>A shutdown hook would see only the first, so this is {@code sun.misc.Signal} of the module jdk.unsupported, which has
 * no supported counterpart; by reflection, since a use in source can't be made without a warning.
 */
final class Signals {
    private volatile int count;
    private volatile Runnable listener;

    /**
     * Takes over the process's signals.
     *
     * @param listener called on a thread of the JVM for each signal, after it has been counted.
     */
    static Signals install(final Runnable listener) {
        final Signals signals = new Signals();
        signals.listener = listener;
        handle("TERM", signals);
        handle("INT", signals);
        return signals;
    }

    private static void handle(final String name, final Signals signals) {
        try {
            final Class<?> signal = Class.forName("sun.misc.Signal");
            final Class<?> handler = Class.forName("sun.misc.SignalHandler");
            final Object proxy = Proxy.newProxyInstance(
                    handler.getClassLoader(),
                    new Class<?>[] {handler},
                    (self, method, args) -> switch (method.getName()) {
                        case "handle" -> {
                            signals.raise();
                            yield null;
                        }
                        case "equals" -> self == args[0];
                        case "hashCode" -> System.identityHashCode(self);
                        default -> "varve signal handler";
                    });
            signal.getMethod("handle", signal, handler)
                    .invoke(null, signal.getConstructor(String.class).newInstance(name), proxy);
        } catch (final ReflectiveOperationException e) {
            throw new IllegalStateException("cannot handle SIG" + name, e);
        }
    }

    /** Replaces what is called. */
    void listener(final Runnable next) {
        listener = next;
    }

    /** Counts a signal. */
    synchronized void raise() {
        count++;
        listener.run();
    }

    /** How many came so far. */
    int count() {
        return count;
    }
}
