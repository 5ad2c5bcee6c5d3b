using System.Globalization;
using System.Net;
using System.Net.Http.Headers;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Text;
using Microsoft.Extensions.Options;

namespace MlSystem.Registry.Webhooks;

/// <summary>Sends one request to a webhook, signed as MLflow signs; never to an address that is not allowed, never behind a redirect.</summary>
internal sealed class WebhookSender : IDisposable
{
    private const int MaxAnswerBytes = 4096;
    private readonly HttpClient _http;
    private readonly WebhookOptions _options;
    private readonly TimeProvider _time;

    public WebhookSender(IOptions<WebhookOptions> options, TimeProvider time)
    {
        _options = options.Value;
        _time = time;
        var handler = new SocketsHttpHandler
        {
            AllowAutoRedirect = false,
            UseProxy = false,
            UseCookies = false,
            // A name may point elsewhere tomorrow: its addresses are looked up and checked again with each new connection.
            PooledConnectionLifetime = TimeSpan.FromMinutes(1),
            ConnectCallback = ConnectAsync,
        };
        _http = new HttpClient(handler) { Timeout = Timeout.InfiniteTimeSpan };
    }

    /// <summary>Sends a body; <paramref name="secret"/> signs it.</summary>
    public async Task<SendResult> SendAsync(string url, string? secret, string deliveryId, string payload, CancellationToken cancellationToken)
    {
        using var deadline = new CancellationTokenSource(TimeSpan.FromSeconds(_options.TimeoutSeconds), _time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, deadline.Token);
        using var request = Request(url, secret, deliveryId, payload);
        try
        {
            using var response = await _http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, either.Token);
            var wait = response.Headers.RetryAfter is { } after ? after.Delta ?? after.Date - _time.GetUtcNow() : null;
            return new((int)response.StatusCode, await BeginningAsync(response, either.Token), null, wait);
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            return new(null, null, string.Create(CultureInfo.InvariantCulture, $"no answer within {_options.TimeoutSeconds} s"), null);
        }
        catch (Exception error) when (error is HttpRequestException or IOException)
        {
            return new(null, null, error.InnerException is ForbiddenAddressException forbidden ? forbidden.Message : error.Message, null);
        }
    }

    public void Dispose() => _http.Dispose();

    /// <summary><c>v1,</c> and the base64 of HMAC-SHA256 over <c>{delivery id}.{timestamp}.{body}</c>.</summary>
    internal static string Signature(string secret, string deliveryId, string timestamp, string payload) =>
        "v1," + Convert.ToBase64String(HMACSHA256.HashData(Encoding.UTF8.GetBytes(secret), Encoding.UTF8.GetBytes($"{deliveryId}.{timestamp}.{payload}")));

    private HttpRequestMessage Request(string url, string? secret, string deliveryId, string payload)
    {
        var timestamp = _time.GetUtcNow().ToUnixTimeSeconds().ToString(CultureInfo.InvariantCulture);
        var request = new HttpRequestMessage(HttpMethod.Post, url)
        {
            Content = new ByteArrayContent(Encoding.UTF8.GetBytes(payload)) { Headers = { ContentType = new MediaTypeHeaderValue("application/json") } },
        };
        request.Headers.Add("X-MLflow-Delivery-Id", deliveryId);
        request.Headers.Add("X-MLflow-Timestamp", timestamp);
        if (secret is not null)
        {
            request.Headers.Add("X-MLflow-Signature", Signature(secret, deliveryId, timestamp, payload));
        }

        return request;
    }

    private static async Task<string> BeginningAsync(HttpResponseMessage response, CancellationToken cancellationToken)
    {
        var buffer = new byte[MaxAnswerBytes];
        await using var body = await response.Content.ReadAsStreamAsync(cancellationToken);
        var length = await body.ReadAtLeastAsync(buffer, buffer.Length, throwOnEndOfStream: false, cancellationToken);
        return Encoding.UTF8.GetString(buffer, 0, length);
    }

    private async ValueTask<Stream> ConnectAsync(SocketsHttpConnectionContext context, CancellationToken cancellationToken)
    {
        var host = context.DnsEndPoint.Host;
        var found = await Dns.GetHostAddressesAsync(host, cancellationToken);
        var allowed = _options.AllowPrivateAddresses ? found : [.. found.Where(AddressRules.IsPublic)];
        if (allowed.Length == 0)
        {
            throw new ForbiddenAddressException($"'{host}' has no public address (Registry:Webhooks:AllowPrivateAddresses)");
        }

        var socket = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        try
        {
            await socket.ConnectAsync(allowed, context.DnsEndPoint.Port, cancellationToken);
            return new NetworkStream(socket, ownsSocket: true);
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    private sealed class ForbiddenAddressException(string message) : Exception(message);
}

/// <summary>What became of an attempt: an HTTP status with the beginning of the body, or an error without one.</summary>
internal sealed record SendResult(int? Status, string? Body, string? Error, TimeSpan? RetryAfter)
{
    public bool Delivered => Status is >= 200 and < 300;

    /// <summary>Whether the next attempt may go better: no answer, overload, or a failure of the receiver.</summary>
    public bool Transient => Status is null or 408 or 429 or >= 500;
}
