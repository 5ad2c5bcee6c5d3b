using System.Text.Json;
using MlSystem.Training.Pipelines;
using MlSystem.Training.Trainers;

namespace MlSystem.Training.Tests.Trainers;

public sealed class TrainerParameterTests
{
    [Theory]
    [InlineData("3", true)]
    [InlineData("3.5", false)]
    [InlineData("0", false)]
    [InlineData("\"3\"", false)]
    [InlineData("[3]", false)]
    public void A_whole_number_is_checked(string json, bool accepted) => Assert.Equal(accepted, Accepts(TrainerParameter.Whole("p", 1, 10), json));

    [Theory]
    [InlineData("[64,32]", true)]
    [InlineData("[]", true)]
    [InlineData("[0]", false)]
    [InlineData("[1.5]", false)]
    [InlineData("64", false)]
    public void A_list_is_checked_item_by_item(string json, bool accepted) => Assert.Equal(accepted, Accepts(TrainerParameter.Wholes("p", 1, 100), json));

    [Theory]
    [InlineData("\"a\"", true)]
    [InlineData("\"c\"", false)]
    [InlineData("true", false)]
    public void A_choice_is_one_of_its_texts(string json, bool accepted) => Assert.Equal(accepted, Accepts(TrainerParameter.OneOf("p", ["a", "b"]), json));

    [Theory]
    [InlineData("0.1")]
    [InlineData("\"text\"")]
    [InlineData("true")]
    [InlineData("[1,2,3]")]
    public void A_value_is_stored_as_it_was_given(string json) =>
        Assert.Equal(json, JsonSerializer.Serialize(JsonSerializer.Deserialize<ParameterValue>(json)));

    [Fact]
    public void Every_default_is_in_its_own_range_and_every_kind_does_a_known_task()
    {
        foreach (var kind in TrainerCatalog.Families.SelectMany(f => f.Kinds))
        {
            Assert.All(kind.Parameters.Where(p => p.Default is not null), p => Assert.True(p.Accepts(p.Default!), $"{kind.Name}.{p.Name}"));
            Assert.All(kind.Tasks, task => Assert.NotNull(TrainerCatalog.Task(task)));
        }

        Assert.Equal(TrainerCatalog.Kinds.Count, TrainerCatalog.Kinds.Distinct(StringComparer.Ordinal).Count());
    }

    [Theory]
    [InlineData("{}", "$.trainer.warm_start")]
    [InlineData("""{"alias": "champion", "version": 2}""", "$.trainer.warm_start")]
    [InlineData("""{"version": 0}""", "$.trainer.warm_start.version")]
    public void A_warm_start_names_exactly_one_version(string warm, string path)
    {
        using var document = JsonDocument.Parse("""
            {
              "name": "p",
              "source": {"feature_service": "s", "labels": {"file": "l.csv", "label_column": "y"}},
              "trainer": {"kind": "linear", "task": "regression", "warm_start": WARM},
              "register": {"model": "m"}
            }
            """.Replace("WARM", warm, StringComparison.Ordinal));
        Assert.Contains(PipelineReader.Read(document.RootElement).Errors, e => e.Path == path && !e.Message.Contains("from nothing", StringComparison.Ordinal));
    }

    private static bool Accepts(TrainerParameter parameter, string json) =>
        ParameterValue.TryOf(JsonDocument.Parse(json).RootElement) is { } value && parameter.Accepts(value);
}
