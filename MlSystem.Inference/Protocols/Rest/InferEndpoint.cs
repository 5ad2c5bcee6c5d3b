using System.Globalization;
using System.Runtime.CompilerServices;
using Microsoft.AspNetCore.Connections;
using Microsoft.Extensions.Options;
using MlSystem.Inference.Policies;
using MlSystem.Inference.Prediction;
using MlSystem.ServiceDefaults.Hosting;
using MlSystem.ServiceDefaults.Telemetry;

namespace MlSystem.Inference.Protocols.Rest;

/// <summary><c>POST /v2/models/{m}[/versions/{v}]/infer</c>: the hot path over HTTP, without model binding.</summary>
public sealed partial class InferEndpoint(Predictor predictor, IOptions<ServiceOptions> options, TimeProvider time, ILogger<InferEndpoint> logger)
{
    private const string HeaderLength = "Inference-Header-Content-Length";

    // What is longer is not read or written on a socket's thread: bytes of a body, elements of an answer. About 50 µs each.
    private const int ShortBody = 16 * 1024;
    private const int ShortAnswer = 1024;
    private readonly int _maxBody = (int)Math.Min(options.Value.MaxRequestBodyBytes, Array.MaxLength);

    /// <summary>Whether a body of the announced length may be read.</summary>
    public bool Fits(long? length) => length is null || length <= _maxBody;

    /// <summary>A request that came through the middleware.</summary>
    public Task HandleAsync(HttpContext context) =>
        HandleAsync(context, (string)context.Request.RouteValues["model"]!, (string?)context.Request.RouteValues["version"], first: false);

    /// <summary>A request that was taken in front of the middleware; whatever fails gets its answer here.</summary>
    internal async Task HandleFirstAsync(HttpContext context, InferPath path)
    {
        try
        {
            await HandleAsync(context, path.Model, path.Version, first: true);
        }
        catch (Exception) when (context.RequestAborted.IsCancellationRequested)
        {
            context.Abort();
        }
        catch (Exception error) when (!context.Response.HasStarted)
        {
            LogUnexpected(error, path.Model, context.TraceIdentifier);
            await RefuseAsync(context, new Fault(FaultKind.ModelFailed, $"internal error, see the server's log for request {context.TraceIdentifier}"));
        }
    }

    private async Task HandleAsync(HttpContext context, string model, string? version, bool first)
    {
        var begun = await predictor.BeginAsync(model, version, new CallerKeys(context.Request), context.RequestAborted);
        if (first)
        {
            RequestId.Assign(context, begun.Call?.RequestId ?? RequestIds.Next(time.GetUtcNow()));
        }

        var fault = begun.Call is { } call ? await AnswerAsync(context, call) : begun.Fault;
        if (fault is not null)
        {
            await RefuseAsync(context, fault);
        }
    }

    private static Task RefuseAsync(HttpContext context, Fault fault)
    {
        // The middleware does the same, for what came through it, when the answer starts.
        context.Response.Headers.TryAdd(RequestId.Header, context.TraceIdentifier);
        return OipErrors.WriteAsync(context, fault);
    }

    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    private async ValueTask<Fault?> AnswerAsync(HttpContext context, InferenceCall call)
    {
        var writer = InferResponseWriter.Pool.Get();
        try
        {
            if (await PredictAsync(context, call, writer) is { } fault)
            {
                predictor.Fail(call, fault);
                return fault;
            }

            SetHeaders(context.Response, call, writer);

            // From here on the call's tensors belong to the prediction log: a slow reader of the answer holds nothing.
            predictor.Succeed(call);
            await context.Response.BodyWriter.WriteAsync(writer.Written, context.RequestAborted);
            return null;
        }
        finally
        {
            InferResponseWriter.Pool.Return(writer);
        }
    }

    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    private async ValueTask<Fault?> PredictAsync(HttpContext context, InferenceCall call, InferResponseWriter writer)
    {
        try
        {
            var jsonLength = JsonLength(context.Request);
            using (var body = await RequestBody.ReadAsync(context.Request, _maxBody, context.RequestAborted))
            {
                if (body.Content.Length > ShortBody)
                {
                    await SocketThreads.LeaveAsync();
                }

                InferRequestReader.Read(body.Content.Span, jsonLength, call);
            }

            if (await predictor.RunAsync(call, context.RequestAborted) is { } refused)
            {
                return refused;
            }

            if (SocketThreads.IsCurrent && Elements(call) > ShortAnswer)
            {
                await SocketThreads.LeaveAsync();
            }

            writer.Write(call);
            return null;
        }
        catch (InferenceException error)
        {
            return error.Fault;
        }
        catch (BadHttpRequestException error)
        {
            return new Fault(error.StatusCode == StatusCodes.Status413PayloadTooLarge ? FaultKind.TooLarge : FaultKind.InvalidArgument, error.Message);
        }
        catch (Exception error) when (error is OperationCanceledException or ConnectionResetException || context.RequestAborted.IsCancellationRequested)
        {
            return new Fault(FaultKind.Cancelled, "the caller went away");
        }
        catch (Exception error)
        {
            LogUnexpected(error, call.Route.Name, call.RequestId);
            return new Fault(FaultKind.ModelFailed, $"internal error, see the server's log for request {call.RequestId}");
        }
    }

    private static long Elements(InferenceCall call)
    {
        var elements = 0L;
        foreach (var output in call.Tensors.Outputs)
        {
            elements += output.Count;
        }

        return elements;
    }

    internal static int? JsonLength(HttpRequest request)
    {
        if (!request.Headers.TryGetValue(HeaderLength, out var text))
        {
            return null;
        }

        return int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var length)
            ? length
            : throw InferenceException.Invalid($"{HeaderLength} must be the length of the JSON part in bytes, found '{text}'");
    }

    private static void SetHeaders(HttpResponse response, InferenceCall call, InferResponseWriter writer)
    {
        response.ContentLength = writer.Written.Length;
        response.ContentType = writer.JsonLength is null ? "application/json" : "application/octet-stream";
        response.Headers[RequestId.Header] = call.RequestId;
        response.Headers["X-Model-Version"] = call.Variant.VersionHeader;
        response.Headers["X-Variant"] = call.Variant.NameHeader;
        if (writer.JsonLength is { } length)
        {
            response.Headers[HeaderLength] = Lengths.Text(length);
        }
    }

    [LoggerMessage(Level = LogLevel.Error, Message = "Endpoint {Endpoint}: request {RequestId} failed unexpectedly")]
    private partial void LogUnexpected(Exception error, string endpoint, string requestId);
}
