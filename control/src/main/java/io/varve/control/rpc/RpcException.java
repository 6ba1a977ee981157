package io.varve.control.rpc;

import io.varve.control.ControlException;
import io.varve.control.ErrorKind;

/** A call that is answered with an error. The message is one line for people. */
final class RpcException extends Exception {
    /** The line is not JSON. */
    static final int PARSE_ERROR = -32700;

    /** The line is JSON, but no call. */
    static final int INVALID_REQUEST = -32600;

    /** There is no such method. */
    static final int METHOD_NOT_FOUND = -32601;

    /** The method does not take these parameters. */
    static final int INVALID_PARAMS = -32602;

    /** A fault in Varve itself. */
    static final int INTERNAL_ERROR = -32603;

    /** It can't be done as things stand; the message says why and what to do. */
    static final int REFUSED = -32000;

    /** There are too many connections. */
    static final int TOO_MANY = -32001;

    private static final long serialVersionUID = 1L;

    private final int code;
    private final ErrorKind kind;

    RpcException(final int code, final String message) {
        this(code, ErrorKind.INVALID, message, null);
    }

    RpcException(final int code, final ErrorKind kind, final String message, final Throwable cause) {
        super(message, cause);
        this.code = code;
        this.kind = kind;
    }

    /** A method's refusal, or a fault in it. */
    static RpcException of(final ControlException e) {
        return new RpcException(e.kind() == ErrorKind.INTERNAL ? INTERNAL_ERROR : REFUSED, e.kind(), e.getMessage(), e);
    }

    /** What went wrong, as JSON-RPC numbers it. */
    int code() {
        return code;
    }

    /** What went wrong, for programs. */
    ErrorKind kind() {
        return kind;
    }
}
