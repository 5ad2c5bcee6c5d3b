using MlSystem.Contracts;
using MlSystem.Graphs.Conditions;

namespace MlSystem.Graphs.Tests.Conditions;

public class ConditionTests
{
    private static readonly Row Values = new();

    [Theory]
    [InlineData("age >= 30", true)]
    [InlineData("age < 30", false)]
    [InlineData("30 <= age", true)]
    [InlineData("age == 42 and plan == 'gold'", true)]
    [InlineData("age == 41 or plan == \"gold\"", true)]
    [InlineData("not plan == 'gold'", false)]
    [InlineData("not (age > 50 or plan != 'gold') and vip", true)]
    [InlineData("age > 50 or plan == 'gold' and not vip", false)]
    [InlineData("vip == true", true)]
    [InlineData("probabilities[1] > 0.5", true)]
    [InlineData("probabilities[0] > 0.5", false)]
    [InlineData("`odd name` == -1.5e1", true)]
    [InlineData("income > 0", false)]
    [InlineData("income <= 0", false)]
    [InlineData("income is missing", true)]
    [InlineData("age is not missing", true)]
    [InlineData("note is missing", true)]
    [InlineData("a.score == age", true)]
    public void Holds_for_a_row_as_written(string text, bool expected)
    {
        var condition = Condition.Parse(text);

        Assert.Empty(condition.Problems(Row.Find));
        Assert.Equal(expected, condition.Holds(Values));
    }

    [Theory]
    [InlineData("", "expected a tensor's name")]
    [InlineData("age >", "at character 6: expected a tensor's name, a number or a text, found the end")]
    [InlineData("age = 3", "at character 5: write == for equal")]
    [InlineData("age > 3 plan", "expected the end, 'and' or 'or', found 'plan'")]
    [InlineData("(age > 3", "expected ')'")]
    [InlineData("plan == 'gold", "not closed")]
    [InlineData("3", "expected a comparison")]
    [InlineData("x[1.5] > 2", "expected an element's number")]
    [InlineData("age > 3; drop", "';' has no meaning here")]
    [InlineData("age > 1e999", "is no number")]
    public void Says_where_a_text_is_no_condition(string text, string message) =>
        Assert.Contains(message, Assert.Throws<ConditionException>(() => Condition.Parse(text)).Message, StringComparison.Ordinal);

    [Fact]
    public void Length_and_depth_are_bounded()
    {
        Assert.Contains("nested deeper", Assert.Throws<ConditionException>(() => Condition.Parse(new string('(', 500))).Message, StringComparison.Ordinal);
        Assert.Contains("characters", Assert.Throws<ConditionException>(() => Condition.Parse(new string(' ', Condition.MaxLength + 1))).Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("size > 3", "there is no tensor 'size'")]
    [InlineData("age == 'old'", "a number is compared with a text")]
    [InlineData("plan > 'a'", "only == and !=")]
    [InlineData("age", "'age' is no BOOL")]
    [InlineData("probabilities > 0.5", "has 2 elements: name one")]
    [InlineData("probabilities[2] > 0.5", "there is none [2]")]
    [InlineData("vip > 0", "a truth value is compared with a number")]
    public void Says_what_does_not_fit_the_tensors(string text, string problem) =>
        Assert.Contains(Condition.Parse(text).Problems(Row.Find), found => found.Contains(problem, StringComparison.Ordinal));

    private sealed class Row : IConditionRow
    {
        public static TensorSpec? Find(string name) => name switch
        {
            "age" or "income" or "odd name" or "a.score" => new TensorSpec { Name = name, Datatype = "FP32", Shape = [-1, 1] },
            "plan" or "note" => new TensorSpec { Name = name, Datatype = "BYTES", Shape = [-1, 1] },
            "vip" => new TensorSpec { Name = name, Datatype = "BOOL", Shape = [-1] },
            "probabilities" => new TensorSpec { Name = name, Datatype = "FP32", Shape = [-1, 2] },
            _ => null,
        };

        public bool IsText(string tensor) => tensor is "plan" or "note";

        public double Number(string tensor, int element) => tensor switch
        {
            "age" or "a.score" => 42,
            "income" => double.NaN,
            "odd name" => -15,
            "vip" => 1,
            _ => element == 0 ? 0.25 : 0.75,
        };

        public string Text(string tensor, int element) => tensor == "plan" ? "gold" : "";
    }
}
