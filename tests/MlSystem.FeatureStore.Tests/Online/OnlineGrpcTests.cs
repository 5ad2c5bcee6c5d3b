using Google.Protobuf;
using Grpc.Core;
using Grpc.Net.Client;
using MlSystem.Features.V1;

namespace MlSystem.FeatureStore.Tests.Online;

public sealed class OnlineGrpcTests
{
    [Fact]
    public async Task Typed_columns_carry_the_same_content_as_rest()
    {
        await using var app = await FeatureStoreApp.StartAsync();
        await app.PostOkAsync("/api/apply", Samples.Definitions.Replace("\"features\": [\"s\"]", "\"features\": [\"b\",\"i\",\"l\",\"f\",\"d\",\"s\"]", StringComparison.Ordinal));
        await app.PostOkAsync("/write-to-online-store", """
            {"feature_view_name":"wide","df":{"driver_id":[1],"event_timestamp":["2026-03-01T11:00:00.123Z"],
             "b":[true],"i":[-2147483648],"l":[9007199254740993],"f":[0.1],"d":[1e-300],"s":["é"]}}
            """);
        using var channel = GrpcChannel.ForAddress("http://features", new GrpcChannelOptions { HttpHandler = app.Handler });
        var client = new MlSystem.Features.V1.FeatureStore.FeatureStoreClient(channel);

        var answer = await client.GetOnlineFeaturesAsync(Request(1, 2));

        Assert.Equal(1, answer.Version);
        var columns = answer.Columns.ToDictionary(column => column.Name);
        Assert.Equal([true, false], columns["b"].Values.Bools.Values);
        Assert.Equal([int.MinValue, 0], columns["i"].Values.Int32S.Values);
        Assert.Equal([9007199254740993, 0], columns["l"].Values.Int64S.Values);
        Assert.Equal([0.1f, float.NaN], columns["f"].Values.Fp32S.Values);
        Assert.Equal([1e-300, double.NaN], columns["d"].Values.Fp64S.Values);
        Assert.Equal([ByteString.CopyFromUtf8("é"), ByteString.Empty], columns["s"].Values.Bytes.Values);
        Assert.Equal([FeatureStatus.Present, FeatureStatus.NotFound], columns["s"].Statuses);
        Assert.Equal([DateTimeOffset.Parse("2026-03-01T11:00:00.123Z", null).ToUnixTimeMilliseconds(), 0], columns["s"].EventTimestampsMs);
    }

    [Fact]
    public async Task A_subset_keeps_the_asked_order_and_mistakes_have_their_codes()
    {
        await using var app = await FeatureStoreApp.StartAsync();
        await app.PostOkAsync("/api/apply", Samples.Definitions);
        using var channel = GrpcChannel.ForAddress("http://features", new GrpcChannelOptions { HttpHandler = app.Handler });
        var client = new MlSystem.Features.V1.FeatureStore.FeatureStoreClient(channel);

        var subset = Request(1);
        subset.Features.Add(["s", "rate"]);
        Assert.Equal(["s", "rate"], (await client.GetOnlineFeaturesAsync(subset)).Columns.Select(column => column.Name));

        var text = new GetOnlineFeaturesRequest { FeatureService = "stats" };
        text.JoinKeys.Add(new Column { Name = "driver_id", Bytes = new BytesValues { Values = { ByteString.CopyFromUtf8("12") } } });
        Assert.Equal(FeatureStatus.NotFound, (await client.GetOnlineFeaturesAsync(text)).Columns[0].Statuses[0]);

        Assert.Equal(StatusCode.NotFound, await Code(client, new GetOnlineFeaturesRequest { FeatureService = "nope" }));
        Assert.Equal(StatusCode.NotFound, await Code(client, new GetOnlineFeaturesRequest { FeatureService = "stats", Version = 2 }));
        Assert.Equal(StatusCode.InvalidArgument, await Code(client, new GetOnlineFeaturesRequest { FeatureService = "stats" }));
        var unknown = Request(1);
        unknown.Features.Add("nope");
        Assert.Equal(StatusCode.InvalidArgument, await Code(client, unknown));
        text.JoinKeys[0].Bytes.Values[0] = ByteString.CopyFrom(0xFF);
        Assert.Equal(StatusCode.InvalidArgument, await Code(client, text));
    }

    private static async Task<StatusCode> Code(MlSystem.Features.V1.FeatureStore.FeatureStoreClient client, GetOnlineFeaturesRequest request) =>
        (await Assert.ThrowsAsync<RpcException>(async () => await client.GetOnlineFeaturesAsync(request))).StatusCode;

    private static GetOnlineFeaturesRequest Request(params long[] drivers)
    {
        var request = new GetOnlineFeaturesRequest { FeatureService = "stats" };
        request.JoinKeys.Add(new Column { Name = "driver_id", Int64S = new Int64Values { Values = { drivers } } });
        return request;
    }
}
