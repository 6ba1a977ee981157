package io.varve.keys;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.security.SecureRandom;
import java.util.Arrays;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import javax.crypto.Cipher;
import javax.crypto.spec.GCMParameterSpec;
import javax.crypto.spec.SecretKeySpec;

/**
 * KMS, as far as wrapping goes: its JSON protocol (AWS JSON 1.1) with {@code Encrypt} and {@code Decrypt}, which encrypt for real under one key and bind
 * the encryption context. Requests that are not signed for KMS, by AWS Signature Version 4, are refused.
 */
final class KmsServer implements AutoCloseable {
    static final String ARN = "arn:aws:kms:eu-central-1:123456789012:key/0a1b2c3d-0000-4444-8888-0123456789ab";

    private static final Pattern SIGNATURE =
            Pattern.compile("AWS4-HMAC-SHA256 Credential=([^/]+)/[0-9]{8}/eu-central-1/kms/aws4_request, "
                    + "SignedHeaders=[a-z0-9;-]*host[a-z0-9;-]*, Signature=[0-9a-f]{64}");
    private static final Pattern FIELD = Pattern.compile("\"([A-Za-z-]+)\"\\s*:\\s*\"([^\"]*)\"");
    private static final int NONCE = 12;

    private final HttpServer server;
    private final ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor();
    private final SecretKeySpec key;
    private final List<String> calls = new CopyOnWriteArrayList<>();
    private volatile Refusal refusal;
    private volatile boolean isSilent;

    private record Refusal(int status, String code, String message) {}

    KmsServer() throws IOException {
        final byte[] bytes = new byte[32];
        new SecureRandom().nextBytes(bytes);
        key = new SecretKeySpec(bytes, "AES");
        server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
        server.setExecutor(threads);
        server.createContext("/", this::serve);
        server.start();
    }

    String url() {
        return "http://127.0.0.1:" + server.getAddress().getPort();
    }

    /** Targets and signers of the calls so far. */
    List<String> calls() {
        return calls;
    }

    /** Everything is refused from now on. */
    void refuse(final int status, final String code, final String message) {
        refusal = new Refusal(status, code, message);
    }

    /** Nothing is answered from now on. */
    void fallSilent() {
        isSilent = true;
    }

    private void serve(final HttpExchange exchange) throws IOException {
        final String body = new String(exchange.getRequestBody().readAllBytes(), StandardCharsets.UTF_8);
        final String target = String.valueOf(exchange.getRequestHeaders().getFirst("X-Amz-Target"));
        final Matcher signature =
                SIGNATURE.matcher(String.valueOf(exchange.getRequestHeaders().getFirst("Authorization")));
        if (!signature.matches()) {
            answer(exchange, 400, error("MissingAuthenticationTokenException", "the request is not signed"));
            return;
        }
        calls.add(target + " by " + signature.group(1));
        if (isSilent) {
            return;
        }
        if (refusal != null) {
            answer(exchange, refusal.status, error(refusal.code, refusal.message));
            return;
        }
        final Map<String, String> fields = fields(body);
        try {
            if (!ARN.equals(fields.get("KeyId"))) {
                answer(exchange, 400, error("NotFoundException", "Key '" + fields.get("KeyId") + "' does not exist"));
            } else if (target.equals("TrentService.Encrypt")) {
                answer(exchange, 200, "{\"CiphertextBlob\":\"" + encrypt(fields) + "\",\"KeyId\":\"" + ARN + "\"}");
            } else if (target.equals("TrentService.Decrypt")) {
                answer(exchange, 200, "{\"Plaintext\":\"" + decrypt(fields) + "\",\"KeyId\":\"" + ARN + "\"}");
            } else {
                answer(exchange, 400, error("UnknownOperationException", target));
            }
        } catch (final GeneralSecurityException e) {
            answer(exchange, 400, error("InvalidCiphertextException", ""));
        }
    }

    private String encrypt(final Map<String, String> fields) throws GeneralSecurityException {
        final byte[] nonce = new byte[NONCE];
        new SecureRandom().nextBytes(nonce);
        final byte[] sealed = cipher(Cipher.ENCRYPT_MODE, nonce, fields)
                .doFinal(Base64.getDecoder().decode(fields.get("Plaintext")));
        final byte[] blob = Arrays.copyOf(nonce, NONCE + sealed.length);
        System.arraycopy(sealed, 0, blob, NONCE, sealed.length);
        return Base64.getEncoder().encodeToString(blob);
    }

    private String decrypt(final Map<String, String> fields) throws GeneralSecurityException {
        final byte[] blob = Base64.getDecoder().decode(fields.get("CiphertextBlob"));
        if (blob.length < NONCE) {
            throw new GeneralSecurityException();
        }
        final Cipher cipher = cipher(Cipher.DECRYPT_MODE, Arrays.copyOf(blob, NONCE), fields);
        return Base64.getEncoder().encodeToString(cipher.doFinal(blob, NONCE, blob.length - NONCE));
    }

    private Cipher cipher(final int mode, final byte[] nonce, final Map<String, String> fields)
            throws GeneralSecurityException {
        final Cipher cipher = Cipher.getInstance("AES/GCM/NoPadding");
        cipher.init(mode, key, new GCMParameterSpec(128, nonce));
        final Map<String, String> context = new TreeMap<>(fields);
        context.keySet().removeIf(name -> !name.startsWith("varve-"));
        cipher.updateAAD(context.toString().getBytes(StandardCharsets.UTF_8));
        return cipher;
    }

    /** All fields whose values are texts, those of the encryption context among them. */
    private static Map<String, String> fields(final String json) {
        final Map<String, String> fields = new TreeMap<>();
        final Matcher matcher = FIELD.matcher(json);
        while (matcher.find()) {
            fields.put(matcher.group(1), matcher.group(2));
        }
        return fields;
    }

    private static String error(final String code, final String message) {
        return "{\"__type\":\"" + code + "\",\"message\":\"" + message + "\"}";
    }

    private void answer(final HttpExchange exchange, final int status, final String body) throws IOException {
        final byte[] bytes = body.getBytes(StandardCharsets.UTF_8);
        exchange.getResponseHeaders().add("Content-Type", "application/x-amz-json-1.1");
        exchange.sendResponseHeaders(status, bytes.length);
        exchange.getResponseBody().write(bytes);
        exchange.close();
    }

    @Override
    public void close() {
        server.stop(0);
        threads.shutdownNow();
    }
}
