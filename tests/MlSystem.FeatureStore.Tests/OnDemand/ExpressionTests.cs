using System.Globalization;
using MlSystem.FeatureStore.Definitions;
using MlSystem.FeatureStore.Ingestion;
using MlSystem.FeatureStore.OnDemand;

namespace MlSystem.FeatureStore.Tests.OnDemand;

/// <summary>What expressions mean, and what is said about wrong ones.</summary>
public sealed class ExpressionTests
{
    private static readonly long NowUs = UnixTime.Microseconds(new DateTimeOffset(2026, 3, 1, 12, 30, 15, 500, TimeSpan.Zero));

    private static readonly (string Name, Datatype Datatype, FeatureValue Value)[] Columns =
    [
        ("i", Datatype.Int64, FeatureValue.Of(7L)), ("small", Datatype.Int32, FeatureValue.Of(-3L)), ("big", Datatype.Int64, FeatureValue.Of(long.MaxValue)),
        ("f", Datatype.Fp32, FeatureValue.Of((double)0.1f)), ("d", Datatype.Fp64, FeatureValue.Of(2.5)), ("s", Datatype.Bytes, FeatureValue.Of("Straße 5")),
        ("t", Datatype.Bool, FeatureValue.Of(true)), ("none", Datatype.Fp64, FeatureValue.Missing), ("unknown", Datatype.Bool, FeatureValue.Missing),
        ("at", Datatype.Timestamp, FeatureValue.Of(NowUs - 90_000_000_000)), ("history", Datatype.Int64List, FeatureValue.Of(new long[] { 3, 1, 2 })),
        ("vector", Datatype.Fp32List, FeatureValue.Of(new[] { 3f, 4f })), ("words", Datatype.BytesList, FeatureValue.Of(new[] { "a", "b" })),
    ];

    [Theory]
    [InlineData("1 + 2 * 3", "7")]
    [InlineData("(1 + 2) * 3", "9")]
    [InlineData("2 ** 3 ** 2", "512")]
    [InlineData("-2 ** 2", "-4")]
    [InlineData("7 // -2", "-4")]
    [InlineData("-7 % 3", "2")]
    [InlineData("7.5 % -2", "-0.5")]
    [InlineData("1 / 4", "0.25")]
    [InlineData("1 / 0", "null")]
    [InlineData("7 // 0", "null")]
    [InlineData("big + 1", "null")]
    [InlineData("big * 2", "null")]
    [InlineData("-9223372036854775808 // -1", "null")]
    [InlineData("i - 10 - 1", "-4")]
    [InlineData("f", "0.10000000149011612")]
    [InlineData("small + d", "-0.5")]
    [InlineData("none + 1", "null")]
    [InlineData("coalesce(none, small, 4)", "-3")]
    [InlineData("none is null and not (i is null)", "true")]
    [InlineData("i is not null", "true")]
    [InlineData("unknown or true", "true")]
    [InlineData("unknown or false", "null")]
    [InlineData("false and unknown", "false")]
    [InlineData("not unknown", "null")]
    [InlineData("i in (1, 7.0)", "true")]
    [InlineData("i not in (1, 2)", "true")]
    [InlineData("s == 'Straße 5' and s != \"x\"", "true")]
    [InlineData("'b' > 'a'", "true")]
    [InlineData("if(unknown, 1, i > 3, 2.5, 9)", "2.5")]
    [InlineData("if(i < 3, 'low', 'high')", "high")]
    [InlineData("nullif(i, 7)", "null")]
    [InlineData("least(3, i, 2.5)", "2.5")]
    [InlineData("greatest(3, i)", "7")]
    [InlineData("clip(i, 0, 5)", "5")]
    [InlineData("abs(small)", "3")]
    [InlineData("round(2.5)", "2")]
    [InlineData("round(1.005 * 1000, 1)", "1005")]
    [InlineData("ln(0)", "null")]
    [InlineData("sqrt(-1)", "null")]
    [InlineData("log(8, 2)", "3")]
    [InlineData("sigmoid(0)", "0.5")]
    [InlineData("upper('aé')", "AÉ")]
    [InlineData("length(s)", "8")]
    [InlineData("substring(s, 7, 100)", "5")]
    [InlineData("concat(s, '!', '?')", "Straße 5!?")]
    [InlineData("split_part(s, ' ', 1)", "5")]
    [InlineData("starts_with(s, 'Str') and contains(s, 'aß') and ends_with(s, '5')", "true")]
    [InlineData("replace(s, ' ', '')", "Straße5")]
    [InlineData("'it''s'", "it's")]
    [InlineData("hash_bucket('a', 1000)", "996")]
    [InlineData("int64(2.9)", "2")]
    [InlineData("int64('x')", "null")]
    [InlineData("int64(1e30)", "null")]
    [InlineData("fp64('2.5') + int64(t)", "3.5")]
    [InlineData("text(i) + ':' + text(d) + ':' + text(t)", "7:2.5:true")]
    [InlineData("text(now())", "2026-03-01T12:30:15.5Z")]
    [InlineData("now() - at", "90000")]
    [InlineData("days_between(at, now())", "1.0416666666666667")]
    [InlineData("year(now()) * 10000 + month(now()) * 100 + day(now())", "20260301")]
    [InlineData("day_of_week(now())", "7")]
    [InlineData("is_weekend(now())", "true")]
    [InlineData("text(date_trunc('week', now()))", "2026-02-23T00:00:00Z")]
    [InlineData("timestamp('2026-03-01T12:00:00+02:00') < now()", "true")]
    [InlineData("timestamp('soon')", "null")]
    [InlineData("length(history) + element(history, -1)", "5")]
    [InlineData("element(history, 3)", "null")]
    [InlineData("contains(words, 'b') and not contains(history, 9)", "true")]
    [InlineData("norm(vector)", "5")]
    [InlineData("dot(vector, vector) + sum(history) + mean(history)", "33")]
    [InlineData("dot(vector, history)", "null")]
    [InlineData("max(history) - min(history)", "2")]
    [InlineData("haversine_km(0, 0, 0, 90) > 10007 and haversine_km(0, 0, 0, 90) < 10008", "true")]
    public void An_expression_has_this_value(string expression, string expected) => Assert.Equal(expected, Evaluate(expression));

    [Theory]
    [InlineData("", "At 1: Expected a value, found the end.")]
    [InlineData("1 +", "At 4: Expected a value, found the end.")]
    [InlineData("1 2", "At 3: Expected an operator or the end, found '2'.")]
    [InlineData("(1", "At 3: Expected ')', found the end.")]
    [InlineData("i = 1", "At 3: Equality is written ==.")]
    [InlineData("i == null", "At 3: '== null' is never true; write 'is null' or 'is not null'.")]
    [InlineData("1 < 2 < 3", "At 7: Expected an operator or the end, found '<'.")]
    [InlineData("'abc", "At 1: The closing ' is missing.")]
    [InlineData("i ? 1", "At 3: '?' does not belong into an expression.")]
    [InlineData("12abc", "At 1: '12a' is not a number.")]
    [InlineData("9223372036854775808", "At 1: 9223372036854775808 is outside the range of INT64.")]
    [InlineData("gone + 1", "At 1: There is no column 'gone'; known: i small big f d s t none unknown at history vector words.")]
    [InlineData("squrt(2)", "At 1: There is no function 'squrt'.")]
    [InlineData("upper(i)", "At 1: upper(INT64) is not possible; allowed: upper(BYTES).")]
    [InlineData("s + 1", "At 3: +(BYTES, INT64) is not possible; allowed: +(INT64, INT64) +(FP64, FP64) +(BYTES, BYTES).")]
    [InlineData("i and t", "At 1: 'and' needs BOOL, not INT64.")]
    [InlineData("if(t, 1)", "At 1: if needs a condition and a value, any number of further conditions and values, and a last value: if(c1, v1, c2, v2, …, otherwise).")]
    [InlineData("if(t, 1, 'x')", "At 10: The values of if have one type; this is BYTES, one before it INT64.")]
    [InlineData("coalesce(null, null)", "At 1: All values of coalesce are null; at least one needs a type.")]
    [InlineData("now(1)", "At 1: now() takes no argument.")]
    public void A_wrong_expression_is_told_with_its_place(string expression, string expected)
    {
        var (program, errors) = OnDemandCompiler.Compile([new OnDemandFeatureDefinition { Name = "x", Datatype = "FP64", Expression = expression }], Inputs);
        Assert.Null(program);
        Assert.Equal(expected, Assert.Single(errors).Message);
    }

    [Fact]
    public void A_result_must_fit_the_declared_datatype_and_is_null_where_its_value_does_not()
    {
        Assert.Equal("At 1: The expression is FP64, the feature is INT64; cast it with int64(…), round(…) before it where wanted.", Error("d", "INT64"));
        Assert.Equal("null", Evaluate("big", Datatype.Int32));
        Assert.Equal("0.33333334", Evaluate("1 / 3", Datatype.Fp32));
        Assert.Equal("null", Evaluate("1e300", Datatype.Fp32));
        Assert.Equal("[3,1]", Evaluate("first(history, 2)", Datatype.Fp32List));
        Assert.Equal("[4]", Evaluate("last(vector, 1)", Datatype.Fp32List));
    }

    [Fact]
    public void Deep_nesting_is_refused_and_long_chains_are_not_a_danger()
    {
        Assert.Contains("nested more than", Error(new string('(', 3000) + "1" + new string(')', 3000), "INT64"), StringComparison.Ordinal);
        Assert.Contains("characters; allowed are", Error(new string('1', 10_001), "INT64"), StringComparison.Ordinal);
        Assert.Equal("1000", Evaluate(string.Join('+', Enumerable.Repeat("1", 1000))));
    }

    [Fact]
    public void A_later_feature_sees_an_earlier_one_as_a_reader_does()
    {
        OnDemandFeatureDefinition[] features =
        [
            new() { Name = "third", Datatype = "FP32", Expression = "1 / 3" }, new() { Name = "same", Datatype = "FP64", Expression = "third" },
        ];
        var program = OnDemandCompiler.Compile(features, Inputs).Program!;
        Assert.Equal((double)(1f / 3), program.Evaluate([], [NowUs])[1][0].AsFp64);
        Assert.NotEmpty(OnDemandCompiler.Compile([.. features.Reverse()], Inputs).Errors);
    }

    private static OnDemandInput[] Inputs => [.. Columns.Select(column => new OnDemandInput("", true, new Field(column.Name, column.Datatype)))];

    private static string Error(string expression, string datatype) =>
        OnDemandCompiler.Compile([new OnDemandFeatureDefinition { Name = "x", Datatype = datatype, Expression = expression }], Inputs).Errors.Single().Message;

    private static string Evaluate(string expression)
    {
        string? first = null;
        foreach (var datatype in (Datatype[])[Datatype.Int64, Datatype.Fp64, Datatype.Bool, Datatype.Bytes, Datatype.Timestamp])
        {
            var (program, errors) = OnDemandCompiler.Compile([new OnDemandFeatureDefinition { Name = "x", Datatype = datatype.Name(), Expression = expression }], Inputs);
            if (program is not null)
            {
                return Run(program, datatype);
            }

            first ??= errors[0].Message;
        }

        throw new InvalidOperationException(first);
    }

    private static string Evaluate(string expression, Datatype datatype) =>
        Run(OnDemandCompiler.Compile([new OnDemandFeatureDefinition { Name = "x", Datatype = datatype.Name(), Expression = expression }], Inputs).Program!, datatype);

    private static string Run(OnDemandProgram program, Datatype datatype)
    {
        var value = program.Evaluate([.. program.Inputs.Select(input => new[] { Columns.Single(column => column.Name == input.Field.Name).Value })], [NowUs])[0][0];
        return !value.HasValue ? "null" : datatype switch
        {
            Datatype.Bool => value.AsBool ? "true" : "false",
            Datatype.Int32 or Datatype.Int64 => value.AsInt64.ToString(CultureInfo.InvariantCulture),
            Datatype.Fp32 => value.AsFp32.ToString("R", CultureInfo.InvariantCulture),
            Datatype.Fp64 => value.AsFp64.ToString("R", CultureInfo.InvariantCulture),
            Datatype.Bytes => value.Text!,
            _ => $"[{string.Join(',', value.List!.Cast<object>().Select(element => Convert.ToString(element, CultureInfo.InvariantCulture)))}]",
        };
    }
}
