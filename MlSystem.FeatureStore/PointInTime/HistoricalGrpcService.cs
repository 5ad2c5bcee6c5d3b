using Google.Protobuf;
using Grpc.Core;
using Microsoft.Extensions.Options;
using MlSystem.FeatureStore.Definitions;
using MlSystem.FeatureStore.Ingestion;
using MlSystem.FeatureStore.Offline;
using MlSystem.FeatureStore.PointInTime.Entities;
using MlSystem.FeatureStore.PointInTime.Formats;
using MlSystem.Features.V1;

namespace MlSystem.FeatureStore.PointInTime;

/// <summary>Historical reads over gRPC; the same core as <see cref="HistoricalEndpoints"/>.</summary>
public sealed class HistoricalGrpcService(HistoricalReader reader, CatalogStore catalog, Spool spool, IOptions<FeatureStoreOptions> options)
    : HistoricalFeatures.HistoricalFeaturesBase
{
    /// <summary>Mistakes that a status message names; headers, in which it travels, are small.</summary>
    private const int MaxMistakes = 20;

    public override async Task GetHistoricalFeatures(
        IAsyncStreamReader<GetHistoricalFeaturesRequest> requestStream, IServerStreamWriter<GetHistoricalFeaturesResponse> responseStream, ServerCallContext context)
    {
        try
        {
            await JoinAsync(requestStream, responseStream, context.CancellationToken);
        }
        catch (HistoricalRefusedException refused)
        {
            var code = refused.Status == StatusCodes.Status404NotFound ? StatusCode.NotFound : StatusCode.InvalidArgument;
            throw new RpcException(new Status(code, Message(refused)));
        }
        catch (OfflineStoreException unavailable)
        {
            throw new RpcException(new Status(StatusCode.Unavailable, unavailable.Message));
        }
    }

    private async Task JoinAsync(
        IAsyncStreamReader<GetHistoricalFeaturesRequest> requests, IServerStreamWriter<GetHistoricalFeaturesResponse> responses, CancellationToken cancellationToken)
    {
        if (!await requests.MoveNext(cancellationToken) || requests.Current.Selection is not { } selection)
        {
            throw new RpcException(new Status(StatusCode.InvalidArgument, "The first message has no selection."));
        }

        var request = HistoricalPlan.Of(await catalog.RefreshAsync(cancellationToken), Selection(selection));
        await using var entities = spool.Create(ResultFormat.Arrow.Extension);
        await ReceiveAsync(requests, entities, cancellationToken);

        // A slow receiver holds a file and not a place among the running joins; and no message goes out before all is well.
        await using var result = spool.Create(ResultFormat.Arrow.Extension);
        var ends = new List<long>();
        await reader.JoinAsync(
            request,
            connection => ArrowEntities.LoadAsync(connection, request, entities, cancellationToken),
            async (connection, query) =>
            {
                using var arrow = new ArrowResult(connection, query, cancellationToken);
                await arrow.WriteAsync(result, () => NoteAsync(ends, result), cancellationToken);
            },
            cancellationToken);
        await SendAsync(result, ends, responses, cancellationToken);
    }

    private static Task NoteAsync(List<long> ends, Stream result)
    {
        ends.Add(result.Position);
        return Task.CompletedTask;
    }

    private static FeatureSelection Selection(HistoricalSelection selection) => new(
        selection.FeatureService.Length == 0 ? null : selection.FeatureService,
        selection.Version == 0 ? null : selection.Version,
        selection.Features.Count == 0 ? null : selection.Features,
        selection.EventTimestampColumn.Length == 0 ? "event_timestamp" : selection.EventTimestampColumn,
        selection.FullFeatureNames);

    private async Task ReceiveAsync(IAsyncStreamReader<GetHistoricalFeaturesRequest> requests, FileStream file, CancellationToken cancellationToken)
    {
        do
        {
            await file.WriteAsync(requests.Current.EntityRows.Memory, cancellationToken);
            if (file.Position > options.Value.MaxUploadBytes)
            {
                throw new RpcException(new Status(StatusCode.ResourceExhausted, $"The entity rows have more than the allowed {options.Value.MaxUploadBytes} bytes."));
            }
        }
        while (await requests.MoveNext(cancellationToken));
        file.Position = 0;
    }

    private static async Task SendAsync(
        FileStream result, List<long> ends, IServerStreamWriter<GetHistoricalFeaturesResponse> responses, CancellationToken cancellationToken)
    {
        result.Position = 0;
        foreach (var end in ends.Distinct())
        {
            var message = new byte[end - result.Position];
            await result.ReadExactlyAsync(message, cancellationToken);
            await responses.WriteAsync(new GetHistoricalFeaturesResponse { Arrow = UnsafeByteOperations.UnsafeWrap(message) }, cancellationToken);
        }
    }

    private static string Message(HistoricalRefusedException refused)
    {
        var mistakes = refused.Errors.SelectMany(error => error.Value.Select(message => $"{error.Key}: {message}")).ToArray();
        return string.Join(" ", mistakes.Take(MaxMistakes)) + (mistakes.Length > MaxMistakes ? $" … and {mistakes.Length - MaxMistakes} more." : "");
    }
}
