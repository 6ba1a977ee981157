package io.varve.launcher.daemon;

import java.lang.reflect.Proxy;
import java.util.function.IntConsumer;

/**
 * SIGTERM and SIGINT, counted. The first asks the daemon to end, the next to hurry.
 *
 * <p>A shutdown hook would see only the first, so this is {@code sun.misc.Signal} of the module jdk.unsupported, which has
 * no supported counterpart; by reflection, since a use in source can't be made without a warning.
 */
final class Signals {
    private final IntConsumer listener;
    private int count;

    private Signals(final IntConsumer listener) {
        this.listener = listener;
    }

    /**
     * Takes over the process's signals.
     *
     * @param listener called on a thread of the JVM for each signal, with how many there have been. May do nothing that waits.
     */
    static void install(final IntConsumer listener) {
        final Signals signals = new Signals(listener);
        handle("TERM", signals);
        handle("INT", signals);
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

    private synchronized void raise() {
        count++;
        listener.accept(count);
    }
}
