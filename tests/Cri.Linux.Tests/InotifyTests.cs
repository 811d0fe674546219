using Xunit;

namespace Cri.Linux.Tests;

public sealed class InotifyTests : IDisposable
{
    private const InotifyEvents All = InotifyEvents.Created | InotifyEvents.ClosedAfterWrite | InotifyEvents.Deleted
        | InotifyEvents.MovedIn | InotifyEvents.MovedOut | InotifyEvents.SelfDeleted;

    private readonly string _directory = Directory.CreateTempSubdirectory("crisp-inotify-").FullName;
    private readonly Inotify _inotify = new();

    public void Dispose()
    {
        _inotify.Dispose();
        if (Directory.Exists(_directory))
        {
            Directory.Delete(_directory, recursive: true);
        }
    }

    [Fact]
    public void Read_NothingHappened_IsEmptyWithoutBlocking()
    {
        _inotify.Watch(_directory, All);

        Assert.Empty(_inotify.Read());
    }

    [Fact]
    public void Read_FileWritten_NamesItAndItsWatch()
    {
        var watch = _inotify.Watch(_directory, All);

        File.WriteAllText(Path.Combine(_directory, "10-a.conflist"), "{}");

        // The last close is the one that counts: what another test starts at this instant has the file until its exec.
        var events = _inotify.Read().ToList();
        Assert.True(SpinWait.SpinUntil(() => Closed(events), TimeSpan.FromSeconds(60)), "nobody tells of the close");
        Assert.All(events, e => Assert.Equal((watch, "10-a.conflist"), (e.Watch, e.Name)));
        Assert.Equal([InotifyEvents.Created, InotifyEvents.ClosedAfterWrite], events.Select(e => e.Events));
    }

    private bool Closed(List<InotifyEvent> events)
    {
        events.AddRange(_inotify.Read());
        return events.Exists(e => e.Events.HasFlag(InotifyEvents.ClosedAfterWrite));
    }

    [Fact]
    public void Read_ManyEvents_ReturnsAllOfThem()
    {
        _inotify.Watch(_directory, InotifyEvents.Created);

        for (var i = 0; i < 2000; i++)
        {
            File.Create(Path.Combine(_directory, $"file-with-a-rather-long-name-{i}")).Dispose();
        }

        Assert.Equal(2000, _inotify.Read().Count);
    }

    [Fact]
    public void Read_DirectoryRemoved_SaysSoAndThatTheWatchIsGone()
    {
        _inotify.Watch(_directory, All);

        Directory.Delete(_directory);

        var events = _inotify.Read();
        Assert.Contains(events, e => e.Events.HasFlag(InotifyEvents.SelfDeleted) && e.Name.Length == 0);
        Assert.Contains(events, e => e.Events.HasFlag(InotifyEvents.WatchRemoved));
    }

    [Fact]
    public void Watch_SameDirectoryAgain_IsTheSameWatch() =>
        Assert.Equal(_inotify.Watch(_directory, All), _inotify.Watch(_directory + "/.", All));

    [Fact]
    public void Watch_NoSuchDirectory_IsNull() => Assert.Null(_inotify.Watch(Path.Combine(_directory, "absent"), All));

    [Fact]
    public void Watch_File_IsNull()
    {
        var file = Path.Combine(_directory, "file");
        File.WriteAllText(file, "");

        Assert.Null(_inotify.Watch(file, All));
    }

    [Fact]
    public void Unwatch_EndsTheEvents()
    {
        _inotify.Unwatch(_inotify.Watch(_directory, All)!.Value);

        File.WriteAllText(Path.Combine(_directory, "file"), "");

        Assert.All(_inotify.Read(), e => Assert.Equal(InotifyEvents.WatchRemoved, e.Events));
    }

    [Fact]
    public async Task WatchFile_ChangedFile_TellsItsWatch()
    {
        var file = Path.Combine(_directory, "counter");
        await File.WriteAllTextAsync(file, "1");
        var watch = _inotify.WatchFile(file, InotifyEvents.Modified);

        await File.WriteAllTextAsync(file, "2");

        Assert.Contains(_inotify.Read(), happened => happened.Watch == watch && happened.Events.HasFlag(InotifyEvents.Modified));
        Assert.Null(_inotify.WatchFile(file + "-gone", InotifyEvents.Modified));
    }
}
