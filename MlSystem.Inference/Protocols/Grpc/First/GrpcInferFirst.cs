using System.Buffers;
using System.Buffers.Binary;
using System.IO.Pipelines;
using System.Runtime.CompilerServices;
using Microsoft.Extensions.Options;
using MlSystem.Inference.Policies;
using MlSystem.Inference.Prediction;
using MlSystem.ServiceDefaults.Errors;
using MlSystem.ServiceDefaults.Hosting;
using MlSystem.ServiceDefaults.Telemetry;

namespace MlSystem.Inference.Protocols.Grpc.First;

/// <summary>
/// <c>ModelInfer</c> with raw tensors, spoken by hand over HTTP/2: the message goes from the pipe into the tensors and back without
/// objects in between. Whatever has another form (typed contents, parameters, compression, a large message, a broken one) goes the common way
/// to <see cref="OipGrpcService"/>, with not a byte consumed.
/// </summary>
internal sealed partial class GrpcInferFirst(Predictor predictor, IOptions<ServiceOptions> options, TimeProvider time, ILogger<GrpcInferFirst> logger)
{
    public const string Path = "/inference.GRPCInferenceService/ModelInfer";
    private const int FrameHeader = 5;
    private const int MaxMessage = 64 * 1024;
    private readonly long _maxMessage = Math.Min(options.Value.MaxRequestBodyBytes, MaxMessage);

    /// <summary>Whether the headers are those of a plain call.</summary>
    public static bool Fits(HttpRequest request) =>
        HttpProtocol.IsHttp2(request.Protocol) && request.ContentType is "application/grpc" or "application/grpc+proto"
        && (!request.Headers.TryGetValue("grpc-encoding", out var encoding) || encoding == "identity");

    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder))]
    public async ValueTask HandleAsync(HttpContext context, RequestDelegate rest)
    {
        var reader = context.Request.BodyReader;
        var read = await ReadAsync(reader, context.RequestAborted);
        if (!GrpcTimeout.TryRead(context.Request.Headers["grpc-timeout"], out var timeout) || !TryScan(read, out var model, out var version))
        {
            reader.AdvanceTo(read.Buffer.Start);
            await rest(context);
            return;
        }

        var begun = await predictor.BeginAsync(model, version, new CallerKeys(context.Request), context.RequestAborted);
        RequestId.Assign(context, begun.Call?.RequestId ?? RequestIds.Next(time.GetUtcNow()));
        var fault = begun.Fault;
        if (begun.Call is { } call)
        {
            fault = await PredictAsync(context, call, read, timeout);
        }

        reader.AdvanceTo(read.Buffer.End);
        context.Response.ContentType = "application/grpc";
        if (fault is null)
        {
            context.Response.AppendTrailer("grpc-status", "0");
        }
        else
        {
            context.Response.Headers.TryAdd(RequestId.Header, context.TraceIdentifier);
            GrpcStatus.Write(context.Response, (int)GrpcFaults.Code(fault.Kind), fault.Message);
        }
    }

    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    private async ValueTask<Fault?> PredictAsync(HttpContext context, InferenceCall call, ReadResult read, TimeSpan? timeout)
    {
        var fault = await RunAsync(context, call, read, timeout);
        if (fault is not null)
        {
            predictor.Fail(call, fault);
            return fault;
        }

        context.Response.Headers[RequestId.Header] = call.RequestId;
        PlainResponse.Write(call, context.Response.BodyWriter);
        predictor.Succeed(call);
        return null;
    }

    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    private async ValueTask<Fault?> RunAsync(HttpContext context, InferenceCall call, ReadResult read, TimeSpan? timeout)
    {
        try
        {
            Fill(read, call);
            call.Patience = timeout;
            return await predictor.RunAsync(call, context.RequestAborted);
        }
        catch (InferenceException error)
        {
            return error.Fault;
        }
        catch (Exception error)
        {
            LogUnexpected(error, call.Route.Name, call.RequestId);
            return new Fault(FaultKind.ModelFailed, $"internal error, see the server's log for request {call.RequestId}");
        }
    }

    /// <summary>The whole body, or what there is of one that is too large for this way.</summary>
    private async ValueTask<ReadResult> ReadAsync(PipeReader reader, CancellationToken cancellationToken)
    {
        while (true)
        {
            var read = await reader.ReadAsync(cancellationToken);
            if (read.IsCompleted || read.Buffer.Length > _maxMessage + FrameHeader)
            {
                return read;
            }

            reader.AdvanceTo(read.Buffer.Start, read.Buffer.End);
        }
    }

    private bool TryScan(ReadResult read, out string model, out string version)
    {
        (model, version) = ("", "");
        var rented = default(byte[]);
        try
        {
            if (!read.IsCompleted || read.Buffer.Length > _maxMessage + FrameHeader || Message(read.Buffer, ref rented) is not { IsEmpty: false } message || !PlainRequest.TryScan(message, out var request))
            {
                return false;
            }

            (model, version) = (request.Model, request.Version);
            return true;
        }
        finally
        {
            Return(rented);
        }
    }

    private static void Fill(ReadResult read, InferenceCall call)
    {
        var rented = default(byte[]);
        try
        {
            PlainRequest.Read(Message(read.Buffer, ref rented), call);
        }
        finally
        {
            Return(rented);
        }
    }

    /// <summary>The one message of the body in one piece; empty when it is compressed or not exactly one.</summary>
    private static ReadOnlySpan<byte> Message(ReadOnlySequence<byte> body, ref byte[]? rented)
    {
        ReadOnlySpan<byte> frame;
        if (body.IsSingleSegment)
        {
            frame = body.FirstSpan;
        }
        else
        {
            rented = ArrayPool<byte>.Shared.Rent((int)body.Length);
            body.CopyTo(rented);
            frame = rented.AsSpan(0, (int)body.Length);
        }

        return frame.Length >= FrameHeader && frame[0] == 0 && BinaryPrimitives.ReadUInt32BigEndian(frame[1..]) == frame.Length - FrameHeader ? frame[FrameHeader..] : default;
    }

    private static void Return(byte[]? rented)
    {
        if (rented is not null)
        {
            ArrayPool<byte>.Shared.Return(rented);
        }
    }

    [LoggerMessage(Level = LogLevel.Error, Message = "Endpoint {Endpoint}: request {RequestId} failed unexpectedly")]
    private partial void LogUnexpected(Exception error, string endpoint, string requestId);
}
