package io.varve.linux;

import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.SymbolLookup;
import java.lang.invoke.MethodHandle;

/** A library of the system, loaded when it is first needed. */
final class SystemLibrary {
    private final SymbolLookup symbols;

    /**
     * Loads one.
     *
     * @param name as the linker knows it, such as {@code libzstd.so.1}.
     * @throws UnsupportedOperationException in one line for people, when this host lacks it.
     */
    SystemLibrary(final String name) {
        try {
            symbols = SymbolLookup.libraryLookup(name, Arena.global());
        } catch (final IllegalArgumentException e) {
            throw new UnsupportedOperationException(name + " is not on this host: install it", e);
        }
    }

    MethodHandle link(final String function, final FunctionDescriptor descriptor) {
        return Linker.nativeLinker().downcallHandle(symbols.findOrThrow(function), descriptor);
    }
}
