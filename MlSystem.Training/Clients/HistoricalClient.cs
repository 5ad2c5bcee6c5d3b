using Apache.Arrow;
using Apache.Arrow.Ipc;
using Google.Protobuf;
using Grpc.Core;
using Microsoft.Extensions.Options;
using MlSystem.Features.V1;
using MlSystem.Training.Runs;
using MlSystem.Training.Steps;

namespace MlSystem.Training.Clients;

/// <summary>The feature store's point-in-time joins: Arrow over gRPC both ways.</summary>
public sealed class HistoricalClient
{
    /// <summary>A message of 4 MiB would be refused.</summary>
    private const int MessageBytes = 1024 * 1024;

    private readonly HistoricalFeatures.HistoricalFeaturesClient _client;
    private readonly IOptions<RunOptions> _options;
    private readonly TimeProvider _time;

    internal HistoricalClient(HistoricalFeatures.HistoricalFeaturesClient client, IOptions<RunOptions> options, TimeProvider time) =>
        (_client, _options, _time) = (client, options, time);

    /// <summary>Features of a service as of each row's time.</summary>
    /// <param name="entities">The join keys and <c>event_timestamp</c>.</param>
    /// <returns>The columns of the entities and the features, batch by batch in the order of the entities; each batch is good until the next.</returns>
    /// <exception cref="StepFailedException">The feature store refuses the question.</exception>
    /// <exception cref="TransientStepException">It does not answer now, or not in time.</exception>
    public async Task JoinAsync(FeatureService service, RecordBatch entities, Action<RecordBatch> take, CancellationToken cancellationToken)
    {
        var deadline = _time.GetUtcNow().UtcDateTime + _options.Value.JoinTimeout;
        using var call = _client.GetHistoricalFeatures(deadline: deadline, cancellationToken: cancellationToken);
        try
        {
            await SendAsync(call.RequestStream, service, entities, cancellationToken);
            using var reader = new ArrowStreamReader(new MessageStream(call.ResponseStream));
            while (await reader.ReadNextRecordBatchAsync(cancellationToken) is { } batch)
            {
                using (batch)
                {
                    take(batch);
                }
            }
        }
        catch (RpcException error) when (!cancellationToken.IsCancellationRequested)
        {
            throw Failure(error.Status);
        }
        catch (RpcException error)
        {
            throw new OperationCanceledException(error.Message, error, cancellationToken);
        }
        catch (Exception error) when (error is InvalidDataException or EndOfStreamException)
        {
            throw new StepFailedException($"features: GetHistoricalFeatures answered something else than expected: {error.Message}");
        }
    }

    private static async Task SendAsync(
        IClientStreamWriter<GetHistoricalFeaturesRequest> requests, FeatureService service, RecordBatch entities, CancellationToken cancellationToken)
    {
        using var rows = new MemoryStream();
        using (var writer = new ArrowStreamWriter(rows, entities.Schema, leaveOpen: true))
        {
            await writer.WriteRecordBatchAsync(entities, cancellationToken);
            await writer.WriteEndAsync(cancellationToken);
        }

        try
        {
            var selection = new HistoricalSelection { FeatureService = service.Name, Version = service.Version, EventTimestampColumn = Joining.EventTimestamp };
            await requests.WriteAsync(new GetHistoricalFeaturesRequest { Selection = selection }, cancellationToken);
            for (var start = 0; start < rows.Length; start += MessageBytes)
            {
                var piece = rows.GetBuffer().AsMemory(start, (int)Math.Min(MessageBytes, rows.Length - start));
                await requests.WriteAsync(new GetHistoricalFeaturesRequest { EntityRows = UnsafeByteOperations.UnsafeWrap(piece) }, cancellationToken);
            }

            await requests.CompleteAsync();
        }
        catch (Exception error) when (error is RpcException or InvalidOperationException && !cancellationToken.IsCancellationRequested)
        {
            // The call is over already; reading its answer tells why.
        }
    }

    private static Exception Failure(Status status)
    {
        var message = $"features: GetHistoricalFeatures answered {status.StatusCode}: {status.Detail}";
        return status.StatusCode is StatusCode.InvalidArgument or StatusCode.NotFound or StatusCode.FailedPrecondition or StatusCode.OutOfRange
            or StatusCode.Unimplemented or StatusCode.PermissionDenied or StatusCode.Unauthenticated
            ? new StepFailedException(message)
            : new TransientStepException(message);
    }
}
