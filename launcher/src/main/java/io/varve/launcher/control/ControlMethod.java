package io.varve.launcher.control;

import io.varve.lsvd.VolumeException;
import java.util.Map;

/** What a method does. May take long: a connection's thread waits for it, and nobody else. */
@FunctionalInterface
interface ControlMethod {
    /**
     * Carries out a call.
     *
     * @return what is answered, as maps, lists, strings, numbers and truth values.
     * @throws RpcException                    when the parameters are wrong.
     * @throws VolumeException                 when it can't be done; as is {@link io.varve.launcher.UserException}.
     */
    Object call(Map<String, Object> params) throws RpcException, VolumeException;
}
