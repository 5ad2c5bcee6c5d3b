using MlSystem.Contracts;
using MlSystem.Training.Tabular;

namespace MlSystem.Training.Tests.Tabular;

public sealed class TrainingDataTests
{
    private static readonly TabularSchema Binary = new()
    {
        Task = ModelTask.BinaryClassification,
        Columns = [new TabularColumn("number", TabularColumnKind.Numeric), new TabularColumn("word", TabularColumnKind.Categorical)],
    };

    [Theory]
    [InlineData("1,2,3,4", "a,b,a,b", "x,x,x,x", null, "same label 'x'")]
    [InlineData(",,,", "a,b,a,b", "x,y,x,y", "number", "every value is missing")]
    [InlineData("1,2,3,4", ",,,", "x,y,x,y", "word", "every value is missing")]
    [InlineData("1,2,3,4", "a,b,a,b", "x,y,,y", null, "row 3 has no label")]
    [InlineData("1,2,3,4", "a,b,a,b", "x,y,z,y", null, "needs two classes, there are 3")]
    [InlineData("1,Infinity,3,4", "a,b,a,b", "x,y,x,y", "number", "row 2 is infinite")]
    [InlineData("1,two,3,4", "a,b,a,b", "x,y,x,y", "number", "row 2 holds the text 'two'")]
    [InlineData("1,2,3", "a,b,a,b", "x,y,x,y", "word", "has 4 rows, 'number' has 3")]
    [InlineData("1,2,3,4", "a,b,a,b", "x,y", null, "2 labels for 4 rows")]
    public void Data_that_cannot_be_learned_from_is_refused(string numbers, string words, string labels, string? column, string reason)
    {
        var error = Assert.Throws<TrainingDataException>(() => Train(Binary, numbers.Split(','), words.Split(','), labels.Split(',')));
        Assert.Equal(column, error.Column);
        Assert.Contains(reason, error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void No_rows_are_refused() =>
        Assert.Contains("no rows", Assert.Throws<TrainingDataException>(() => Train(Binary, [], [], [])).Message, StringComparison.Ordinal);

    [Theory]
    [InlineData("5,5,5,5", "same target 5")]
    [InlineData("5,,5,6", "target of row 2 is missing")]
    [InlineData("5,x,5,6", "row 2 holds the text 'x'")]
    public void Targets_are_checked(string targets, string reason)
    {
        var error = Assert.Throws<TrainingDataException>(() => Train(Binary with { Task = ModelTask.Regression }, ["1", "2", "3", "4"], ["a", "b", "a", "b"], targets.Split(',')));
        Assert.Contains(reason, error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Labels_outside_the_schema_and_texts_as_integers_are_refused()
    {
        string[] numbers = ["1", "2"], words = ["a", "b"];
        var outside = Assert.Throws<TrainingDataException>(() => Train(Binary with { Classes = ["x", "y"] }, numbers, words, ["x", "z"]));
        Assert.Contains("'z' is not among", outside.Message, StringComparison.Ordinal);
        var text = Assert.Throws<TrainingDataException>(() => Train(Binary with { IntegerLabels = true }, numbers, words, ["1", "one"]));
        Assert.Contains("'one' is not an integer", text.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void An_absent_column_and_validation_of_another_form_are_refused()
    {
        var absent = Assert.Throws<TrainingDataException>(() => TabularFrame.Parse(Binary, new Dictionary<string, IReadOnlyList<string?>> { ["number"] = ["1"] }, null));
        Assert.Equal("word", absent.Column);
        var frame = TabularData.Random(1, ModelTask.BinaryClassification, 50);
        var other = TabularData.Random(2, ModelTask.BinaryClassification, 50);
        Assert.Throws<TrainingDataException>(() => TabularTrainer.Train(frame, other, new TabularOptions(), cancellation: TestContext.Current.CancellationToken));
    }

    [Fact]
    public void Options_and_schema_report_all_mistakes_at_once()
    {
        var options = Assert.Throws<ArgumentException>(() => new TabularOptions { Algorithm = "magic", LearningRate = 0, Leaves = 1, Threads = 0 }.Validate());
        Assert.All(new[] { "magic", "learning rate", "leaves", "threads" }, part => Assert.Contains(part, options.Message, StringComparison.Ordinal));
        var schema = Assert.Throws<ArgumentException>(() => new TabularSchema
        {
            Task = "guess",
            Columns = [new TabularColumn("a", TabularColumnKind.Numeric) { Datatype = "BYTES" }, new TabularColumn("a", TabularColumnKind.Numeric), new TabularColumn("label", TabularColumnKind.Numeric)],
        }.Validate());
        Assert.All(new[] { "guess", "occurs 2 times", "BYTES", "'label'" }, part => Assert.Contains(part, schema.Message, StringComparison.Ordinal));
    }

    private static void Train(TabularSchema schema, string[] numbers, string[] words, string[] labels)
    {
        var frame = TabularFrame.Parse(schema, new Dictionary<string, IReadOnlyList<string?>> { ["number"] = numbers, ["word"] = words, ["y"] = labels }, "y");
        TabularTrainer.Train(frame, null, new TabularOptions(), cancellation: TestContext.Current.CancellationToken).Dispose();
    }
}
