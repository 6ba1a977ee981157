package io.varve.control;

/**
 * The parameters of a method, and with them the method itself: an annotation {@link Method} has its name.
 *
 * @param <R> what is answered.
 */
public sealed interface Call<R extends Record> permits ServiceCall, DaemonCall {}
