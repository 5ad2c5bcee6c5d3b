using FsCheck;
using FsCheck.Fluent;
using MlSystem.Training.Data;

namespace MlSystem.Training.Tests.Data;

public sealed class RowTableTests
{
    [Fact]
    public void Any_text_survives_writing_and_reading() => Prop.ForAll(
        ArbMap.Default.ArbFor<(NonNull<string> A, NonNull<string> B)[]>(),
        rows =>
        {
            // Line ends inside cells are read back as LF.
            static string Normal(string text) => text.ReplaceLineEndings("\n").Replace("\0", "", StringComparison.Ordinal);
            var table = new RowTable([("a", [.. rows.Select(r => "x" + Normal(r.A.Get))]), ("b,\"", [.. rows.Select(r => Normal(r.B.Get))])]);
            using var text = new StringWriter();
            table.WriteCsv(text);
            var read = RowTable.ReadCsv(new StringReader(text.ToString()));
            return read.Names.SequenceEqual(table.Names) && table.Names.All(n => read[n].SequenceEqual(table[n]));
        }).QuickCheckThrowOnFailure();

    [Theory]
    [InlineData("", "Line 1")]
    [InlineData("a,b\n1,2\n3\n", "Line 3: has 1 fields")]
    [InlineData("a,b\n\"1\n2\",3\n\"x", "Line 4: a quotation has no end")]
    [InlineData("a,b\n\"1\"x,2\n", "Line 2: text follows a quotation")]
    [InlineData("a,a\n", "Line 1: the header names a column twice")]
    public void Broken_text_is_refused_with_its_line(string csv, string message) =>
        Assert.Contains(message, Assert.Throws<RowTableException>(() => RowTable.ReadCsv(new StringReader(csv))).Message, StringComparison.Ordinal);
}
