using System.Security.Cryptography;
using System.Text;
using Microsoft.Extensions.DependencyInjection;
using MlSystem.Contracts;
using MlSystem.Inference.Tests.Fixture;
using MlSystem.ServiceDefaults.EventLog;
using MlSystem.Testing;

namespace MlSystem.Inference.Tests.PredictionLog;

public sealed class SensitiveColumnsTests
{
    private const string Key = "a system's own secret of 32 signs or more";

    private const string Body = """
        {"inputs":[{"name":"age","shape":[2],"datatype":"FP32","data":[1,2.5]},{"name":"income","shape":[2],"datatype":"FP64","data":[null,1]},
        {"name":"plan","shape":[2],"datatype":"BYTES","data":["a","b"]},{"name":"person_id","shape":[2],"datatype":"BYTES","data":["p","q"]}]}
        """;

    [Fact]
    public async Task Hashed_columns_are_keyed_hashes_wherever_they_stand()
    {
        var batch = await LogAsync(SensitiveAction.Hash, new Dictionary<string, string>(StringComparer.Ordinal) { ["MlSystem:HashKey"] = Key });

        Assert.Equal(["", Hash(BitConverter.GetBytes(1.0))], Texts(batch.Inputs["income"]));
        Assert.Equal([Hash("p"u8), Hash("q"u8)], Texts(batch.JoinKeys["person_id"]));
        Assert.Equal([Hash(BitConverter.GetBytes(1f)), Hash(BitConverter.GetBytes(2.5f))], Texts(batch.Outputs["age_out"]));
        Assert.All([batch.Inputs["income"], batch.JoinKeys["person_id"], batch.Outputs["age_out"]], column => Assert.Equal("BYTES", column.Datatype));
        Assert.Equal(("FP32", 8), (batch.Inputs["age"].Datatype, batch.Inputs["age"].Data.Length));
    }

    [Fact]
    public async Task Dropped_columns_are_nowhere()
    {
        var batch = await LogAsync(SensitiveAction.Drop, []);
        Assert.Equal((["age", "plan"], [], ["income_out", "plan_out"]), (batch.Inputs.Keys.Order(), batch.JoinKeys.Keys, batch.Outputs.Keys.Order()), Comparer);
    }

    [Fact]
    public async Task Without_a_key_one_is_made_that_the_next_start_finds()
    {
        using var data = new TempFolder();
        var settings = new Dictionary<string, string>(StringComparer.Ordinal) { ["MlSystem:DataDirectory"] = data.Path };
        var first = await LogAsync(SensitiveAction.Hash, settings);
        var kept = await File.ReadAllTextAsync(data["hash-key"]);
        var second = await LogAsync(SensitiveAction.Hash, settings);

        Assert.Equal(Texts(first.JoinKeys["person_id"]), Texts(second.JoinKeys["person_id"]));
        Assert.Equal(Hash("p"u8, kept), Texts(first.JoinKeys["person_id"])[0]);
        if (!OperatingSystem.IsWindows())
        {
            Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(data["hash-key"]));
        }
    }

    private static IEqualityComparer<(IEnumerable<string>, IEnumerable<string>, IEnumerable<string>)> Comparer { get; } =
        EqualityComparer<(IEnumerable<string>, IEnumerable<string>, IEnumerable<string>)>.Create(
            (a, b) => a.Item1.SequenceEqual(b.Item1, StringComparer.Ordinal) && a.Item2.SequenceEqual(b.Item2, StringComparer.Ordinal) && a.Item3.SequenceEqual(b.Item3, StringComparer.Ordinal));

    private static async Task<PredictionBatchEvent> LogAsync(string action, Dictionary<string, string> settings)
    {
        var log = new FailingEventLog { Works = true };
        await using var registry = new RegistryDouble();
        registry.AddVersion("columns", 1, ModelFolder.Columns());
        registry.SetEndpoint(
            "columns", [new EndpointVariant { Name = "champion", Model = "columns", Version = 1 }],
            logging: new EndpointLogging { SensitiveColumns = ["income", "person_id", "age_out"], SensitiveAction = action });
        await registry.StartAsync();
        await using (var server = await InferenceServer.StartAsync(registry.Url, settings: settings, services: services => services.AddSingleton<IEventLog>(log)))
        {
            Assert.Equal(200, (await server.InferAsync("columns", Body)).Status);
        }

        return Assert.Single(log.Batches());
    }

    private static string Hash(ReadOnlySpan<byte> value, string key = Key) =>
        Convert.ToHexStringLower(HMACSHA256.HashData(Encoding.UTF8.GetBytes(key), value))[..32];

    private static List<string> Texts(BatchColumn column)
    {
        var texts = new List<string>();
        for (var rest = column.Data; !rest.IsEmpty; rest = rest[(4 + BitConverter.ToInt32(rest.Span))..])
        {
            texts.Add(Encoding.UTF8.GetString(rest.Span.Slice(4, BitConverter.ToInt32(rest.Span))));
        }

        return texts;
    }
}
