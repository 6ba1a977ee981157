/**
 * Calls as lines of JSON-RPC 2.0. {@link io.varve.control.rpc.ControlClient} asks a daemon; {@link
 * io.varve.control.rpc.ControlService} is the daemon's side, which has calls carried out by a {@link
 * io.varve.control.rpc.CallHandler}, runs jobs and tells of events.
 */
package io.varve.control.rpc;
