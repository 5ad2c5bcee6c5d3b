using System.Text;
using System.Text.Json;
using Microsoft.Extensions.DependencyInjection;
using MlSystem.FeatureStore.Definitions;
using MlSystem.FeatureStore.Feast;
using MlSystem.FeatureStore.Online;

namespace MlSystem.FeatureStore.Tests.Online;

/// <summary>The quick reader takes a request only as the checking one does.</summary>
public sealed class PlainOnlineRequestTests(SharedApp shared) : IClassFixture<SharedApp>
{
    private const int MaxEntities = 5;

    private static readonly string[] Members =
    [
        "\"features\":[\"hourly:trips\",\"wide:s\"]", "\"features\":[\"hourly:trips\",\"hourly:trips\"]", "\"features\":[]", "\"features\":[null]", "\"features\":[\"local:visits\"]", "\"features\" : [ \"hourly:rate\" ]",
        "\"feature_service\":\"stats\"", "\"feature_service\":null", "\"feature_service\":\"st\\u0061ts\"", "\"feature_service\":3", "\"feature_service\":\"gone\"",
        "\"entities\":{\"driver_id\":[1,2]}", "\"entities\":{\"driver\":[1]}", "\"entities\":{\"driver_id\":[1,\"2\",3.0]}", "\"entities\":{\"driver_id\":[]}", "\"entities\":{}", "\"entities\":{\"driver_id\":[1,2,3,4,5,6]}",
        "\"entities\":{\"city\":[\"a\",\"b|\\\\c\"],\"driver_id\":[1,2]}", "\"entities\":{\"driver_id\":[1],\"driver_id\":[2]}", "\"entities\":{\"driver_id\":[1e2,-0]}", "\"entities\":{\"driver_id\":[99999999999999999999]}",
        "\"entities\":{\"city\":[\"\",\"\\ud800\"],\"driver_id\":[1,2]}", "\"entities\":{\"city\":[\"é\"],\"driver_id\":[1]}", "\"entities\":{\"driver_id\":[1],\"city\":[\"a\",\"b\"]}", "\"entities\":[1]",
        "\"full_feature_names\":true", "\"full_feature_names\":false", "\"full_feature_names\":\"true\"", "\"other\":{\"a\":[1,{}]}",
    ];

    [Fact]
    public void Whatever_it_takes_it_takes_as_the_checking_reader_does()
    {
        var plain = shared.App.Services.GetRequiredService<PlainOnlineRequest>();
        var catalog = shared.App.Services.GetRequiredService<CatalogStore>().Current;
        var random = new Random(20260301);
        var taken = 0;
        for (var i = 0; i < 20_000; i++)
        {
            List<string> members = [Members[random.Next(11)], Members[random.Next(11, 25)]];
            members.AddRange(Enumerable.Range(0, random.Next(3)).Select(_ => Members[random.Next(random.Next(3) == 0 ? 0 : 25, Members.Length)]));
            random.Shuffle(System.Runtime.InteropServices.CollectionsMarshal.AsSpan(members));
            var body = Encoding.UTF8.GetBytes("{" + string.Join(',', members) + "}");
            if (random.Next(8) == 0)
            {
                body[random.Next(body.Length)] = (byte)random.Next(256);
            }

            if (plain.TryRead(body, MaxEntities) is { } read)
            {
                taken++;
                Assert.Equal(Describe(Checked(body, catalog)), Describe(read));
            }
        }

        Assert.InRange(taken, 300, 20_000);
    }

    [Theory]
    [InlineData("""{"features":["hourly:trips","wide:s"],"entities":{"driver_id":[1,2,3]}}""")]
    [InlineData("""{"entities":{"city":["a"],"driver_id":[1]},"features":["local:visits"],"full_feature_names":true}""")]
    [InlineData("""{"feature_service":"stats","entities":{"driver_id":[-9223372036854775808]}}""")]
    public void It_takes_the_usual_forms(string body) =>
        Assert.NotNull(shared.App.Services.GetRequiredService<PlainOnlineRequest>().TryRead(Encoding.UTF8.GetBytes(body), MaxEntities));

    private static OnlineRequest Checked(byte[] body, Catalog catalog)
    {
        try
        {
            using var document = JsonDocument.Parse(body);
            return OnlineRequest.Read(document.RootElement, catalog, MaxEntities);
        }
        catch (Exception error) when (error is FeastException or JsonException or InvalidOperationException)
        {
            throw new InvalidOperationException($"Taken, but refused by the checking reader ({error.Message}): {Encoding.UTF8.GetString(body)}", error);
        }
    }

    private static string Describe(OnlineRequest request) => string.Join('\n',
    [
        $"{request.Query.Rows} rows, {request.Query.RequestColumns.Count} request columns",
        .. request.Query.Views.Select(view => view.Name),
        .. request.Query.Columns.Select(column => column.ToString()),
        .. request.Entities.Select(entity => $"{entity.Name} {entity.Datatype}: {string.Join(',', entity.Values.Select(value => value.Text ?? $"{value.AsInt64}"))}"),
        .. request.Query.Keys.OrderBy(key => key.Key, StringComparer.Ordinal).Select(key => $"{key.Key}: {string.Join(',', key.Value.Select(value => value.Text ?? $"{value.AsInt64}"))}"),
    ]);
}
