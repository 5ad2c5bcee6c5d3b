using Apache.Arrow;
using Google.Protobuf;
using Grpc.Core;
using Grpc.Net.Client;
using MlSystem.Features.V1;

namespace MlSystem.FeatureStore.Tests.PointInTime;

public sealed class HistoricalGrpcTests
{
    [Fact]
    public async Task Features_stream_as_Arrow_in_messages_of_whole_batches()
    {
        await using var app = await FeatureStoreApp.StartAsync();
        await app.PostOkAsync("/api/apply", Samples.Definitions);
        await app.PostOkAsync("/push", Samples.Push(1, "2026-03-01T11:00:00Z", 4));
        using var channel = GrpcChannel.ForAddress("http://features", new GrpcChannelOptions { HttpHandler = app.Handler });
        var rows = Enumerable.Range(0, 5_000).Select(i => ((long)(i % 3), ArrowRows.Eleven.AddSeconds(i % 900))).ToArray();

        var messages = await JoinAsync(channel, new HistoricalSelection { FeatureService = "stats" }, await ArrowRows.EntitiesAsync(rows));

        Assert.True(messages.Count >= 4, "schema, batches, end");
        var batches = await ArrowRows.ReadAsync([.. messages.SelectMany(message => message)]);
        Assert.Equal(5_000, batches.Sum(batch => batch.Length));
        Assert.Equal(["driver_id", "event_timestamp", "label", "rate", "trips", "s"], batches[0].Schema.FieldsList.Select(field => field.Name));
        var trips = batches.SelectMany(batch => (Int32Array)batch.Column(4)).ToArray();
        Assert.Equal(rows.Select(row => row.Item1 == 1 && row.Item2 - ArrowRows.Eleven <= TimeSpan.FromMinutes(10) ? (int?)4 : null), trips);
    }

    [Fact]
    public async Task Mistakes_have_their_codes_and_name_everything()
    {
        await using var app = await FeatureStoreApp.StartAsync();
        await app.PostOkAsync("/api/apply", Samples.Definitions);
        using var channel = GrpcChannel.ForAddress("http://features", new GrpcChannelOptions { HttpHandler = app.Handler });
        var rows = await ArrowRows.EntitiesAsync((1, ArrowRows.Eleven));

        var unknown = await Assert.ThrowsAsync<RpcException>(() => JoinAsync(channel, new HistoricalSelection { FeatureService = "nope" }, rows));
        Assert.Equal(StatusCode.NotFound, unknown.StatusCode);
        var column = await Assert.ThrowsAsync<RpcException>(
            () => JoinAsync(channel, new HistoricalSelection { Features = { "local:visits" }, EventTimestampColumn = "at" }, rows));
        Assert.Equal(StatusCode.InvalidArgument, column.StatusCode);
        Assert.Contains("entity_df.city: The column is missing.", column.Status.Detail, StringComparison.Ordinal);
        Assert.Contains("entity_df.at: The column is missing.", column.Status.Detail, StringComparison.Ordinal);
        var nothing = await Assert.ThrowsAsync<RpcException>(() => JoinAsync(channel, null, rows));
        Assert.Contains("selection", nothing.Status.Detail, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_cancelled_call_ends_the_join_and_leaves_no_file()
    {
        await using var app = await FeatureStoreApp.StartAsync();
        await app.PostOkAsync("/api/apply", Samples.Definitions);
        using var channel = GrpcChannel.ForAddress("http://features", new GrpcChannelOptions { HttpHandler = app.Handler });
        using var cancel = new CancellationTokenSource();
        using var call = new HistoricalFeatures.HistoricalFeaturesClient(channel).GetHistoricalFeatures(cancellationToken: cancel.Token);
        await call.RequestStream.WriteAsync(new GetHistoricalFeaturesRequest { Selection = new HistoricalSelection { FeatureService = "stats" } });
        await MlSystem.Testing.Eventually.TrueAsync(() => Task.FromResult(Spooled(app) > 0), TimeSpan.FromSeconds(60), "the rows are being received");

        await cancel.CancelAsync();

        await MlSystem.Testing.Eventually.TrueAsync(() => Task.FromResult(Spooled(app) == 0), TimeSpan.FromSeconds(60), "the received rows are gone");
        Assert.Equal(StatusCode.Cancelled, (await Assert.ThrowsAsync<RpcException>(() => call.ResponseStream.MoveNext(CancellationToken.None))).StatusCode);
    }

    private static int Spooled(FeatureStoreApp app) =>
        Directory.GetDirectories(app.DataFolder, "spool", SearchOption.AllDirectories).Sum(folder => Directory.GetFiles(folder).Length);

    /// <summary>Sends the rows in pieces that end anywhere.</summary>
    private static async Task<List<byte[]>> JoinAsync(GrpcChannel channel, HistoricalSelection? selection, byte[] rows)
    {
        using var call = new HistoricalFeatures.HistoricalFeaturesClient(channel).GetHistoricalFeatures();
        try
        {
            await call.RequestStream.WriteAsync(new GetHistoricalFeaturesRequest { Selection = selection });
            foreach (var piece in rows.Chunk(10_007))
            {
                await call.RequestStream.WriteAsync(new GetHistoricalFeaturesRequest { EntityRows = ByteString.CopyFrom(piece) });
            }

            await call.RequestStream.CompleteAsync();
        }
        catch (Exception refused) when (refused is RpcException or InvalidOperationException or IOException)
        {
            // The reason is read from the answer.
        }

        var messages = new List<byte[]>();
        await foreach (var message in call.ResponseStream.ReadAllAsync())
        {
            messages.Add(message.Arrow.ToByteArray());
        }

        return messages;
    }
}
